import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../harness/agent.js';
import { atTerminal } from '../harness/at-terminal.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';
import { startSecretService } from '../harness/secret-service.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage({ config: { keySource: 'file' } });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe('a vault whose key is replaced', () => {
  it('opens with the new key from a real Secret Service, the only key left there', async (context) => {
    needs(context, 'Secret Service');
    stage.home.configure({ ...stage.home.config(), keySource: 'keychain' });
    const service = await startSecretService(stage.home);
    try {
      const options = { env: service.env };
      await stage.logIn([], {}, options);
      const rotated = await stage.vault(['key', 'rotate', '--json'], options);
      expect(rotated).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(rotated.stdout).old).toBe('the old key was deleted from the OS keychain');
      expect(await stage.vault(['token', 'demo'], options)).toMatchObject({ exitCode: 0 });
      await service.lock();
      const dataKeys = async () => {
        const { stdout } = await stage.vault(['key', 'status', '--json'], options);
        const { data_keys: all } = JSON.parse(stdout) as { data_keys: readonly { id: number }[] };
        return all.map(({ id }) => id);
      };
      for (const more of [[], ['--data', '--yes']])
        expect(await stage.vault(['key', 'rotate', ...more], options)).toMatchObject({ exitCode: 6 });
      expect(await dataKeys()).toEqual([1, 2, 3, 4, 5]);
      await service.unlock();
      expect(await stage.vault(['token', 'demo'], options)).toMatchObject({ exitCode: 0 });
      expect(await stage.vault(['key', 'rotate', '--data', '--yes'], options)).toMatchObject({ exitCode: 0 });
      expect(await dataKeys()).toEqual([6, 7, 8, 9, 10]);
      expect(await stage.vault(['token', 'demo'], options)).toMatchObject({ exitCode: 0 });
      const status = await stage.vault(['key', 'status', '--json'], options);
      expect(JSON.parse(status.stdout)).toMatchObject({ keys: [{ source: 'keychain' }], unfinished: [] });
    } finally {
      await service.stop();
    }
  });

  it('is restored with a recovery file while an agent has it open', async () => {
    const passphrase = join(stage.home.home, 'passphrase');
    writeFileSync(passphrase, 'passphrase example 1\n', { mode: 0o600 });
    const [backup, recovery] = ['backup', 'recovery'].map((name) => join(stage.home.home, name)) as [
      string,
      string,
    ];
    const account = await stage.logInExpired();
    expect(await stage.vault(['backup', backup])).toMatchObject({ exitCode: 0 });
    const from = ['--passphrase-file', passphrase];
    expect(await stage.vault(['key', 'export', recovery, ...from])).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(['token', account])).toMatchObject({ exitCode: 0 });
    expect(await stage.vault(['key', 'rotate'])).toMatchObject({ exitCode: 0 });

    const agent = await startAgent(stage.home);
    expect(await stage.vault(['restore', backup, '--yes'])).toMatchObject({ exitCode: 0 });
    const without = await stage.vault(['key', 'import', recovery, ...from]);
    expect(without).toMatchObject({ exitCode: 0 });
    stage.tokenRequests();
    const refused = await stage.vault(['token', account]);
    expect(refused).toMatchObject({ exitCode: 9 });
    expect(refused.stderr).toContain('hint: vault doctor --accept-rollback');
    expect(stage.tokenRequests()).toBe(0);
    await agent.stop();
    expect(await stage.vault(['doctor', '--accept-rollback', '--yes'])).toMatchObject({ exitCode: 0 });
  });

  it('gets new data keys while an agent and many commands use it', async () => {
    const account = await stage.logInExpired();
    const agent = await startAgent(stage.home);
    try {
      const crowd = Array.from({ length: 6 }, (_, index) =>
        stage.vault(index % 2 === 0 ? ['token', account] : ['refresh', account, '--force']),
      );
      const rotated = await stage.vault(['key', 'rotate', '--data', '--yes', '--json']);
      expect(rotated).toMatchObject({ exitCode: 0 });
      for (const run of await Promise.all(crowd)) expect(run).toMatchObject({ exitCode: 0 });
      expect(await stage.vault(['token', account])).toMatchObject({ exitCode: 0 });
      expect(await stage.vault(['refresh', account, '--force'])).toMatchObject({ exitCode: 0 });
    } finally {
      await agent.stop();
    }
    const status = await stage.vault(['key', 'status', '--json']);
    const keys = JSON.parse(status.stdout).data_keys as readonly { replaced: boolean; accounts: number }[];
    expect(keys.map(({ replaced }) => replaced)).toEqual(Array(5).fill(false));
    expect(await stage.vault(['audit', '--verify'])).toMatchObject({ exitCode: 0 });
  });
});

describe('new data keys at a terminal', () => {
  it('are made after a question, and then a recovery file is offered', async (context) => {
    needs(context, 'a terminal', 'the built command line');
    await stage.logIn();
    const file = join(stage.home.root, 'recovery');
    const terminal = atTerminal(['key', 'rotate', '--data'], stage.home);
    for (const [question, answer] of [
      [/recovery files made so far will no longer open the vault.*\[y\/N\] $/s, 'y'],
      [/encrypted with new data keys.*Make a new recovery file now\? \[Y\/n\] $/s, ''],
      [/Its name, .*: $/, file],
      [/new passphrase of the recovery file \(12 characters or more\): $/, 'passphrase-example-9'],
      [/repeat the passphrase: $/, 'passphrase-example-9'],
    ] as const) {
      await terminal.sees(question);
      terminal.type(`${answer}\n`);
    }
    expect(await terminal.done).toMatchObject({ exitCode: 0 });
    expect(existsSync(file)).toBe(true);
  });
});
