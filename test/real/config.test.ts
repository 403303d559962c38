import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atTerminal } from '../harness/at-terminal.js';
import { needs } from '../harness/parts.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const ISSUER = 'https://idp.example';

let home: TempHome;
beforeEach((context) => {
  needs(context, 'the built command line');
  home = makeTempHome({ keySource: 'file', providers: { work: { issuer: ISSUER } } });
});
afterEach(() => home?.remove());

/** An editor that misspells a field the first time and corrects it the second time, and says what it could read. */
function editor(): string {
  const path = join(home.root, 'editor');
  writeFileSync(
    path,
    [
      '#!/bin/sh',
      'stat -c %a "$1" >> "$0.modes"',
      'env | grep -c SECRET >> "$0.secrets"',
      'test -t 0 && test -t 1 || exit 9',
      'if grep -q isuer "$1"; then sed -i s/isuer/issuer/ "$1"; else sed -i s/issuer/isuer/ "$1"; echo >> "$1"; fi',
      '',
    ].join('\n'),
  );
  chmodSync(path, 0o700);
  return path;
}

describe('vault config edit at a terminal', () => {
  it('offers to edit again what is not valid, and then puts it in place', async (context) => {
    needs(context, 'a terminal');
    const program = editor();
    const run = atTerminal(['config', 'edit'], home, {
      EDITOR: program,
      WORK_CLIENT_SECRET: 'secret-example',
    });
    await run.sees(/isuer is not known; did you mean issuer\?/);
    await run.sees(/Edit it again\? \[Y\/n\] /);
    run.type('\r');
    const { exitCode, shown } = await run.done;
    expect(shown).toContain('config.json was changed');
    expect(exitCode).toBe(0);
    expect(home.config().providers).toEqual({ work: { issuer: ISSUER } });
    expect(statSync(join(home.vault, 'config.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${program}.modes`, 'utf8')).toBe('600\n600\n');
    expect(readFileSync(`${program}.secrets`, 'utf8')).toBe('0\n0\n');
  });

  it('changes nothing when the answer is no', async (context) => {
    needs(context, 'a terminal');
    const before = readFileSync(join(home.vault, 'config.json'), 'utf8');
    const run = atTerminal(['config', 'edit'], home, { VISUAL: editor(), EDITOR: 'false' });
    await run.sees(/Edit it again\? \[Y\/n\] /);
    run.type('n\r');
    const { exitCode, shown } = await run.done;
    expect(exitCode).toBe(2);
    expect(shown).toContain(' nothing was changed');
    expect(shown.match(/isuer is not known/g)).toHaveLength(1);
    expect(readFileSync(join(home.vault, 'config.json'), 'utf8')).toBe(before);
    expect(existsSync(join(home.vault, 'config.edit.json'))).toBe(false);
  });
});
