import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';
import { startSecretService } from '../harness/secret-service.js';

let stage: DemoStage;
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe('the real Secret Service', () => {
  beforeEach(async () => {
    stage = await openDemoStage({ config: { keySource: 'keychain' } });
  });

  it('keeps the key between processes, and none is in a file', async (context) => {
    needs(context, 'Secret Service');
    const service = await startSecretService(stage.home);
    try {
      const options = { env: service.env };
      const made = await stage.vault(['init', '--json'], options);
      expect(JSON.parse(made.stdout)).toMatchObject({ key_source: 'keychain' });
      expect(await stage.logIn([], {}, options)).toMatchObject({
        exitCode: 0,
        stdout: 'demo/ada@example.com\n',
      });
      const first = await stage.vault(['token', 'demo'], options);
      const second = await stage.vault(['token', 'demo', '--refresh'], options);
      expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
      expect((await stage.vault(['token', 'demo'], options)).stdout).toBe(second.stdout);
    } finally {
      await service.stop();
    }
    // The bus is gone: the vault says so, makes no new key and still lists.
    expect(await stage.vault(['token', 'demo'])).toMatchObject({ exitCode: 6, stdout: '' });
    expect(await stage.vault(['list'])).toMatchObject({ exitCode: 0 });
  });

  it('that does not exist ends a login before a browser opens, with a hint that works', async () => {
    const { exitCode, stderr } = await stage.logIn();
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/--key-source file/);
    expect(stage.demo.requests.authorize).toBe(0);
  });
});

describe('a key file', () => {
  let key: string;
  beforeEach(async () => {
    stage = await openDemoStage();
    await stage.logIn();
    key = join(stage.home.vault, 'master.key');
  });

  it('that is missing is never replaced', async () => {
    renameSync(key, `${key}.kept`);
    const gone = await stage.vault(['token', 'demo', '--json']);
    expect(gone.exitCode).toBe(6);
    expect(JSON.parse(gone.stdout)).toMatchObject({ error: { code: 'key_missing' } });
    expect((await stage.logIn()).exitCode).toBe(6);
    renameSync(`${key}.kept`, key);
    expect((await stage.vault(['token', 'demo'])).exitCode).toBe(0);
  });

  it('of another vault is distinguished from a damaged vault', async () => {
    writeFileSync(key, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    const wrong = await stage.vault(['token', 'demo', '--json']);
    expect(wrong.exitCode).toBe(6);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'key_wrong' } });
  });

  it('is found at VAULT_KEY_FILE', async () => {
    const elsewhere = join(stage.home.home, 'vault-key');
    writeFileSync(elsewhere, readFileSync(key), { mode: 0o600 });
    rmSync(key);
    const run = await stage.vault(['token', 'demo'], { env: { VAULT_KEY_FILE: elsewhere } });
    expect(run.exitCode).toBe(0);
    // Where the leak scan looks for it, so that it knows the key.
    renameSync(elsewhere, key);
  });

  it('opens the vault for a job without terminal and environment', async () => {
    const bare = { VAULT_HOME: stage.home.vault, HOME: '/nonexistent', PATH: '/usr/bin:/bin' };
    const run = await stage.vault(['refresh', '--all', '--days', '3'], { cwd: '/', env: bare });
    expect(run.exitCode).toBe(0);
    expect((await stage.vault(['token', 'demo'], { cwd: '/', env: bare })).exitCode).toBe(0);
  });

  it('keeps profiles apart: each has its own vault and its own key', async () => {
    const inOther = (...args: readonly string[]) => stage.vault(['--profile', 'work', ...args, '--json']);
    expect(await inOther('list')).toMatchObject({ exitCode: 2 });
    expect(await inOther('init', '--key-source', 'file')).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await inOther('list')).stdout)).toEqual({ accounts: [] });
  });
});
