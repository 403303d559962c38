import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atTerminal } from '../harness/at-terminal.js';
import { VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

const PASSPHRASE = 'passphrase example 1';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
  await stage.logIn();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe('a passphrase', () => {
  it('is typed without echo, twice when it is new and once for a command', async (context) => {
    needs(context, 'a terminal');
    stage.canaries.secret(PASSPHRASE);
    const adding = atTerminal(['key', 'add', 'passphrase'], stage.home);
    await adding.sees(/new passphrase of the vault \(12 characters or more\): /);
    adding.type('short\r');
    await adding.sees(/too short; new passphrase \(12 characters or more\): /);
    // A slip, taken back with the key that does so.
    adding.type(`${PASSPHRASE}x\u007f\r`);
    await adding.sees(/repeat the passphrase: /);
    adding.type(`another one, mistyped\r`);
    await adding.sees(/they did not match; new passphrase: /);
    adding.type(`${PASSPHRASE}\r`);
    await adding.sees(/repeat the passphrase: /);
    adding.type(`${PASSPHRASE}\r`);
    const added = await adding.done;
    expect(added.exitCode).toBe(0);
    expect(added.shown).not.toMatch(/passphrase example|mistyped/);

    const using = atTerminal(['key', 'use', 'passphrase'], stage.home);
    await using.sees(/passphrase of the vault: /);
    using.type(`${PASSPHRASE}\r`);
    expect((await using.done).exitCode).toBe(0);

    // The refresh is done by another process, which cannot ask and need not.
    const token = atTerminal(['token', 'demo', '--refresh'], stage.home);
    await token.sees(/passphrase of the vault: /);
    token.type(`${PASSPHRASE}\r`);
    const given = await token.done;
    expect(given.exitCode).toBe(0);
    expect(given.shown.match(/passphrase/g)).toHaveLength(1);
    expect(stage.tokenRequests()).toBe(2);

    const stopped = atTerminal(['token', 'demo'], stage.home);
    await stopped.sees(/passphrase of the vault: /);
    stopped.type('\u0003');
    expect((await stopped.done).exitCode).toBe(130);

    const wrong = atTerminal(['token', 'demo'], stage.home);
    await wrong.sees(/passphrase of the vault: /);
    wrong.type('not the passphrase\r');
    const refused = await wrong.done;
    expect(refused.exitCode).toBe(6);
    expect(refused.shown).toMatch(
      /does not open this vault.*enter the passphrase that was chosen.*vault key use file/s,
    );
  });

  it('comes from a private file or a descriptor where there is no terminal', async () => {
    const file = join(stage.home.root, 'passphrase');
    writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const added = await stage.vault(['key', 'add', 'passphrase', '--passphrase-file', file]);
    expect(added).toMatchObject({ exitCode: 0 });
    expect(
      await stage.vault(['key', 'use', 'passphrase'], { env: { VAULT_PASSPHRASE_FILE: file } }),
    ).toMatchObject({
      exitCode: 0,
    });
    expect(stage.home.config().keySource).toEqual({ kind: 'passphrase' });
    const nobody = await stage.vault(['token', 'demo']);
    expect(nobody).toMatchObject({ exitCode: 6, stdout: '' });
    expect(nobody.stderr).toMatch(/VAULT_PASSPHRASE_FILE=.*VAULT_PASSPHRASE_FD=3/s);
    const bare = { VAULT_HOME: stage.home.vault, PATH: '/usr/bin:/bin', VAULT_PASSPHRASE_FILE: file };
    expect(
      await stage.vault(['refresh', '--all', '--days', '3', '--force'], { cwd: '/', env: bare }),
    ).toMatchObject({ exitCode: 0 });
    expect(await withDescriptor(PASSPHRASE)).toBe(0);
    expect(await withDescriptor('not the passphrase')).toBe(6);
    expect(await withDescriptor('')).toBe(6);
  });
});

/** `vault token demo --refresh` with the passphrase on descriptor 3, which is a pipe. */
async function withDescriptor(passphrase: string): Promise<number | null> {
  const child = spawn(process.execPath, [VAULT_JS, 'token', 'demo', '--refresh'], {
    env: { ...stage.home.env, VAULT_PASSPHRASE_FD: '3' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const pipe = child.stdio[3] as NodeJS.WritableStream;
  pipe.on('error', () => {});
  pipe.end(passphrase === '' ? '' : `${passphrase}\n`);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return exitCode;
}
