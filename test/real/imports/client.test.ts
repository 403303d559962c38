import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ImportStage, openImportStage, tokenJson } from '../../harness/import-stage.js';

let stage: ImportStage;

afterEach(async () => {
  expect(stage.reuses()).toBe(0);
  expect(await stage.close()).toEqual([]);
});

const importing = async (more: object = {}, ...args: string[]) => {
  const file = stage.file('token.json', tokenJson(stage.demo, await stage.grant(), more));
  return stage.vault(['import', 'google-auth', file, ...args]);
};
const env = () => readFileSync(join(stage.home.vault, '.env'), 'utf8');

describe('the client of an imported login', () => {
  it('is stored where setup stores it, with its secret in the private .env', async () => {
    stage = await openImportStage({
      server: { clientAuth: 'post', plain: true },
      provider: { clientAuth: 'post' },
    });
    const { clientId, ...settings } = stage.home.config().providers['demo'] ?? {};
    stage.home.configure({ keySource: 'file', providers: { demo: settings } });
    const { exitCode, stdout } = await importing();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(stage.home.config().providers['demo']).toMatchObject({ clientId: stage.demo.client.id });
    expect(env()).toContain(`DEMO_CLIENT_SECRET=${stage.demo.client.secret}`);
    expect(statSync(join(stage.home.vault, '.env')).mode & 0o777).toBe(0o600);
    expect((await stage.vault(['token', 'demo', '--refresh'])).exitCode).toBe(0);
  });

  it('gets a provider of its own where another client is set up', async () => {
    stage = await openImportStage({ provider: { clientId: 'another-client' } });
    const { exitCode, stdout } = await importing();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'demo-google-auth/ada@example.com\n' });
    expect(stage.home.config().providers).toMatchObject({
      demo: { clientId: 'another-client' },
      'demo-google-auth': { issuer: stage.demo.issuer, clientId: stage.demo.client.id },
    });
    const file = stage.file('other.json', tokenJson(stage.demo, await stage.grant()));
    const { results } = await stage.importJson('google-auth', file);
    expect(results).toMatchObject([{ outcome: 'kept', account: 'demo-google-auth/ada@example.com' }]);
  });

  it('may not be that of another program', async () => {
    stage = await openImportStage();
    const run = await importing({ client_id: '764086051850-example.apps.googleusercontent.com' });
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain('the client of gcloud');
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('the server of an imported login', () => {
  it('gets nothing that belongs to another', async () => {
    stage = await openImportStage();
    const run = await importing({ token_uri: 'https://id.example.com/token' }, '--provider', 'demo');
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('this login belongs to id.example.com, and demo is another server');
    expect(stage.tokenRequests()).toBe(0);
  });

  it('has to be known', async () => {
    stage = await openImportStage();
    const run = await importing({ token_uri: 'https://id.example.com/token' });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('vault setup example --issuer URL');
  });
});

describe('a file that is not what it should be', () => {
  it.each([
    ['broken JSON', '{"refresh_token": "demo', 'is not a token file'],
    ['a service account', '{"type":"service_account","private_key":"x"}', 'the key of a service account'],
    ['nothing', '', 'is not a token file'],
    ['a pickle', '\x80\x04\x95\x10\x00', 'is not a token file'],
  ])('is refused: %s', async (_, content, message) => {
    stage = await openImportStage();
    const run = await stage.vault(['import', 'google-auth', stage.file('token.json', content)]);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toContain(message);
  });

  it('is refused when it is too large', async () => {
    stage = await openImportStage();
    const file = stage.file('token.json', Buffer.alloc(5 * 1024 * 1024, 0x20));
    expect((await stage.vault(['import', 'google-auth', file])).exitCode).toBe(2);
  });

  it('is read from stdin with -', async () => {
    stage = await openImportStage();
    const stdin = JSON.stringify(tokenJson(stage.demo, await stage.grant()));
    const run = await stage.vault(['import', 'google-auth', '-'], { stdin });
    expect(run).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
  });
});
