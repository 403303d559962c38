import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { VAULT_JS } from '../harness/cli.js';
import { needs } from '../harness/parts.js';
import { screenLines } from '../harness/picture.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const LIST = ['providers', '--json'];

let home: TempHome;
beforeEach((context) => {
  needs(context, 'the built command line');
  home = makeTempHome();
});
afterEach(() => home?.remove());

/** @param redirection of stdout, as a shell writes it */
function inShell(redirection: string, under = '') {
  const line = `${under} "$@" ${redirection}`;
  const args = ['-c', line, 'sh', process.execPath, VAULT_JS, ...LIST];
  return spawnSync('sh', args, { cwd: home.home, env: home.env, encoding: 'utf8' });
}

it('a mistake on the command line is coloured and broken between words at a terminal', async (context) => {
  needs(context, 'a terminal');
  const words = ['sh', '-c', `stty cols 40; "${process.execPath}" "${VAULT_JS}" exec work sh -c x`];
  const { exitCode, shown } = await typeAtTerminal(words, { cwd: home.home, env: home.env }).done;
  expect(exitCode).toBe(2);
  expect(screenLines(shown.trimEnd())).toEqual([
    "\x1b[31mvault:\x1b[39m unknown option '-c'",
    '\x1b[36mhint:\x1b[39m put -- before the program:',
    '  vault exec work -- sh ARGUMENTS',
  ]);
});

describe('stdout', () => {
  it('that accepts only a part gets the rest later', (context) => {
    needs(context, 'strace');
    const [whole, out] = [inShell('').stdout, join(home.root, 'out')];
    expect(JSON.parse(whole)).toMatchObject({});
    for (const fault of ['error=EAGAIN', 'retval=7']) {
      const strace = `strace -f -qq -o ${home.root}/log -P ${out} -e trace=write -e inject=write:${fault}:when=1`;
      expect(inShell(`>${out}`, strace)).toMatchObject({ status: 0, stderr: '' });
      const written = fault === 'retval=7' ? whole.slice(7) : whole;
      expect(readFileSync(out, 'utf8')).toBe(written);
    }
  });

  it('that is full fails the command', (context) => {
    needs(context, '/proc');
    const { status, stderr } = inShell('>/dev/full');
    expect(status).toBe(2);
    expect(stderr).toContain('the output could not be written');
  });

  it('whose reader has gone away is no failure', async () => {
    const child = spawn(process.execPath, [VAULT_JS, ...LIST], { env: home.env, stdio: 'pipe' });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    expect({ ended: await once(child, 'close'), stderr }).toEqual({ ended: [0, null], stderr: '' });
  });
});
