import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCanaries } from '../harness/canaries.js';
import { type CliRun, runVault } from '../harness/cli.js';
import { logIn } from '../harness/login.js';
import { OIDC_PROVIDER, type OidcServer, startOidcServer } from '../harness/oidc-server.js';
import { signingInAs } from '../harness/oidc-walk.js';
import { brokenPromises } from '../harness/promises.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const canaries = createCanaries();
let server: OidcServer;
let home: TempHome;
let secret: string;

beforeAll(async () => {
  server = await startOidcServer(canaries);
  secret = server.machine.clientSecret;
  canaries.secret(secret);
  const { issuer, clientId } = server;
  const derived = {
    grant: 'token_exchange',
    from: OIDC_PROVIDER,
    issuer,
    clientId: server.machine.clientId,
    scopes: ['build:read'],
    audience: 'https://api.example',
  };
  const providers = { [OIDC_PROVIDER]: { issuer, clientId }, derived };
  home = makeTempHome({ keySource: 'file', providers });
});
afterAll(async () => {
  await server.close();
  home.remove();
});

const vault = (...args: string[]): Promise<CliRun> =>
  runVault(args, home, { env: { DERIVED_CLIENT_SECRET: secret } });
const json = async (...args: string[]) => JSON.parse((await vault(...args, '--json')).stdout);

describe('an account derived from another one, at a real authorization server', () => {
  it('needs that other account', async () => {
    expect((await json('login', 'derived')).error).toMatchObject({ code: 'account_not_found' });
  });

  it('belongs to the user of the other account', async () => {
    await logIn(home, [OIDC_PROVIDER], signingInAs('alice'));
    expect(await vault('login', 'derived')).toMatchObject({
      exitCode: 0,
      stdout: 'derived/alice@example.com\n',
    });
    expect(await json('show', 'derived')).toMatchObject({
      identity: { subject: 'alice' },
      scopes: ['build:read'],
      consents: [{ how: 'token_exchange' }],
    });
    expect((await vault('token', 'derived')).stdout).not.toBe((await vault('token', OIDC_PROVIDER)).stdout);
  });

  it('is renewed by another exchange, after the other account where that has ended', async () => {
    const before = (await vault('token', 'derived')).stdout;
    server.accessTokenLifetime = 1;
    await vault('token', OIDC_PROVIDER, '--refresh');
    server.accessTokenLifetime = 3_600;
    await sleep(1_200);
    const { exitCode, stdout, stderr } = await vault('token', 'derived', '--refresh');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe(before);
  });

  it('says that the exchange failed', async () => {
    const right = secret;
    secret = 'not-the-secret';
    const { error } = await json('token', 'derived', '--refresh');
    secret = right;
    expect(error).toMatchObject({
      code: 'client_refused',
      message: expect.stringContaining('derived refuses'),
    });
  });

  it('says that the other account failed, and is not marked itself', async () => {
    await vault('revoke', OIDC_PROVIDER, '--yes');
    const { error } = await json('token', 'derived', '--refresh');
    expect(error).toMatchObject({
      code: 'account_not_found',
      message: expect.stringContaining('derived/alice@example.com exchanges a token of is gone'),
    });
    expect(await json('show', 'derived')).toMatchObject({ status: 'active' });
  });

  it('leaves no secret in output or files', () => {
    expect(canaries.size).toBeGreaterThan(5);
    expect(brokenPromises(home, canaries)).toEqual([]);
  });
});
