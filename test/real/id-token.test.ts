import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { printedKey, startAgent } from '../harness/agent.js';
import { runVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { makeTempHome } from '../harness/temp-home.js';

let stage: DemoStage;
let account: string;
beforeEach(async () => {
  stage = await openDemoStage();
  stage.demo.knobs.idTokenLifetime = 3_600;
  account = (await stage.logIn()).stdout.trim();
  stage.tokenRequests();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const idToken = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  stage.vault(['token', account, '--id-token', ...args], { env });
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));

describe('vault token --id-token', () => {
  it('prints the id_token of the login, with its end, without a request', async () => {
    const { stdout, stderr } = await idToken();
    expect([stderr, claimsOf(stdout)]).toMatchObject(['', { iss: stage.demo.issuer, sub: 'demo-1815' }]);
    const document = JSON.parse((await idToken(['--json'])).stdout);
    const expires_at = new Date(claimsOf(stdout).exp * 1_000).toISOString();
    expect(document).toMatchObject({ account, id_token: stdout.trim(), expires_at });
    expect((await idToken(['--format', 'header'])).stdout).toBe(`Authorization: Bearer ${stdout}`);
    expect((await stage.vault(['show', account])).stdout).toMatch(/^id_token +expires in 59m/m);
    expect(stage.tokenRequests()).toBe(0);
  });

  it('prints that of a refresh if it ends too soon, and keeps it if the next one brings none', async () => {
    const first = (await idToken()).stdout;
    const second = (await idToken(['--refresh'])).stdout;
    expect(second).not.toBe(first);
    stage.demo.knobs.omitMembers = ['id_token'];
    expect(await stage.vault(['refresh', account, '--force'])).toMatchObject({ exitCode: 0 });
    expect(await idToken()).toMatchObject({ exitCode: 0, stdout: second, stderr: '' });
  });

  it('fails if it has ended and the provider sends no other, and says how to get one', async () => {
    stage.demo.knobs.idTokenLifetime = 0;
    await stage.vault(['refresh', account, '--force']);
    stage.demo.knobs.omitMembers = ['id_token'];
    stage.tokenRequests();
    const failed = await idToken();
    expect(failed).toMatchObject({ exitCode: 4, stdout: '' });
    expect(failed.stderr).toMatch(/the id_token of \S+ expired .* ago, and the last refresh brought none/);
    expect(failed.stderr).toContain(`vault login ${account}`);
    expect((await stage.vault(['token', account])).exitCode).toBe(0);
  });

  it('fails without the scope openid, and names the login that widens the grant', async () => {
    const plain = await openDemoStage({ server: { plain: true } });
    const name = (await plain.logIn()).stdout.trim();
    const failed = await plain.vault(['token', name, '--id-token']);
    expect(failed).toMatchObject({ exitCode: 7, stdout: '' });
    expect(failed.stderr).toContain(`vault login ${name} --add-scope openid`);
    expect(await plain.close()).toEqual([]);
  });

  it('survives new data keys, a backup and a restore', async () => {
    const { stdout } = await idToken();
    expect(await stage.vault(['key', 'rotate', '--data', '--yes'])).toMatchObject({ exitCode: 0 });
    expect((await idToken()).stdout).toBe(stdout);
    const copy = join(stage.home.home, 'copy.vault');
    expect(await stage.vault(['backup', copy])).toMatchObject({ exitCode: 0 });
    await idToken(['--refresh']);
    expect(await stage.vault(['restore', copy, '--yes'])).toMatchObject({ exitCode: 0 });
    expect((await idToken()).stdout).toBe(stdout);
  });

  it('comes from the agent where only that has the key', async () => {
    const agent = await startAgent(stage.home);
    try {
      const without = { VAULT_KEY_FILE: '/nowhere/but/with/the/agent' };
      expect(await idToken([], without)).toMatchObject({ exitCode: 0, stdout: (await idToken()).stdout });
    } finally {
      await agent.stop();
    }
  });
});

describe('a vault from before', () => {
  it('is migrated by one of several commands that open it at once', async () => {
    const vector = new URL('../vectors/vault-schema-1.json', import.meta.url);
    const { database } = JSON.parse(readFileSync(vector, 'utf8'));
    const home = makeTempHome({ ...printedKey().config, providers: {} });
    try {
      expect(await runVault(['init'], home)).toMatchObject({ exitCode: 0 });
      writeFileSync(join(home.vault, 'vault.db'), inflateRawSync(Buffer.from(database, 'base64')));
      const runs = await Promise.all([1, 2, 3, 4].map(() => runVault(['list', '--json'], home)));
      for (const { exitCode, stdout } of runs)
        expect([exitCode, JSON.parse(stdout).accounts.length]).toEqual([0, 2]);
    } finally {
      home.remove();
    }
  });
});
