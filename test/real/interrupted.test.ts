import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { vaultFolder } from '../harness/vault-folder.js';

let stage: DemoStage;
let backup: string;
beforeEach(async () => {
  stage = await openDemoStage();
  backup = inHome('backup');
  await stage.logIn();
  expect(await stage.vault(['backup', backup])).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const inHome = (name: string) => join(stage.home.home, name);
const inVault = (name = '') => join(stage.home.vault, name);
const beside = () => readdirSync(inVault()).filter((name) => /^vault\.db\./.test(name));

/** Keeps the account from being changed, as a refresh does that goes on. */
async function holdAccount() {
  const { factory, locks } = vaultFolder(inVault());
  const store = await factory.open();
  const [{ id } = { id: '' }] = await store.accounts();
  await store.close();
  return locks.acquire(id, 0);
}

/** Interrupts a command once it is there, which then waits for the account, and lets go of that a moment later. */
async function interruptAt(args: readonly string[], there: () => boolean) {
  const lock = await holdAccount();
  const run = startVault(args, stage.home);
  while (!there()) await sleep(5);
  run.child.kill('SIGINT');
  await Promise.race([run.done, sleep(2_000)]);
  await lock.release();
  return run.done;
}

describe('Ctrl-C', () => {
  it('stops a restore before the vault is replaced, and leaves nothing behind', async () => {
    const before = readFileSync(inVault('vault.db'));
    const run = await interruptAt(['restore', backup, '--yes'], () =>
      beside().includes('vault.db.restoring'),
    );
    expect(run).toMatchObject({ exitCode: 130, stdout: '', stderr: 'vault: interrupted\n' });
    expect(readFileSync(inVault('vault.db'))).toEqual(before);
    expect(beside()).toEqual([]);
  });

  it('does not stop the check of a recovery file that was already written', async () => {
    const [recovery, passphrase] = [inHome('recovery'), inHome('passphrase')];
    writeFileSync(passphrase, 'passphrase example 1\n', { mode: 0o600 });
    const run = startVault(['key', 'export', recovery, '--passphrase-file', passphrase], stage.home);
    while (!existsSync(recovery)) await sleep(5);
    run.child.kill('SIGINT');
    expect(await run.done).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(`${recovery} was written, read back and opened`),
    });
  });

  it('during a replacement of data keys reports the progress and how to continue', async () => {
    const log = inVault('security.log');
    const begun = () => readFileSync(log, 'utf8').includes('data_keys_added');
    const run = await interruptAt(['key', 'rotate', '--data', '--yes'], begun);
    expect(run).toMatchObject({ exitCode: 130, stdout: '' });
    expect(run.stderr).toContain(
      'vault: the new data keys are in use for 0 of 1 account; the old keys are kept for the rest\nhint: vault key rotate --data\n',
    );
    expect(await stage.vault(['key', 'rotate', '--data'])).toMatchObject({ exitCode: 0 });
  });
});
