import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logIn } from '../harness/login.js';
import { OIDC_PROVIDER } from '../harness/oidc-server.js';
import { type OidcStage, openOidcStage } from '../harness/oidc-stage.js';
import { signingInAs } from '../harness/oidc-walk.js';

let stage: OidcStage;
let secret: string;
beforeAll(async () => {
  stage = await openOidcStage(({ issuer, machine }) => ({
    derived: {
      grant: 'token_exchange',
      from: OIDC_PROVIDER,
      issuer,
      clientId: machine.clientId,
      scopes: ['build:read'],
      audience: 'https://api.example',
    },
  }));
  secret = stage.server.machine.clientSecret;
  stage.canaries.secret(secret);
  stage.env['DERIVED_CLIENT_SECRET'] = secret;
});
afterAll(() => stage.close());

const vault = (...args: string[]) => stage.vault(...args);
const json = (...args: string[]) => stage.json(...args);

describe('an account derived from another one, at a real authorization server', () => {
  it('needs that other account', async () => {
    expect((await json('login', 'derived')).error).toMatchObject({ code: 'account_not_found' });
  });

  it('belongs to the user of the other account', async () => {
    await logIn(stage.home, [OIDC_PROVIDER], signingInAs('alice'));
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

  it('is no account that another one can be derived from', async () => {
    const config = stage.home.config();
    const second = { ...config.providers['derived'], from: 'derived' };
    stage.home.configure({ ...config, providers: { ...config.providers, second } });
    const { error } = await json('login', 'second');
    stage.home.configure(config);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('derived/alice@example.com, whose tokens are exchanged themselves'),
    });
  });

  it('exchanges an access token only', async () => {
    const config = stage.home.config();
    const type = 'urn:ietf:params:oauth:token-type:id_token';
    const derived = { ...config.providers['derived'], refreshParams: { subject_token_type: type } };
    stage.home.configure({ ...config, providers: { ...config.providers, derived } });
    const { error } = await json('token', 'derived', '--refresh');
    stage.home.configure(config);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('refreshParams must not contain parameters of the protocol'),
    });
  });

  it('is renewed by another exchange, after the other account where that has ended', async () => {
    const before = (await vault('token', 'derived')).stdout;
    stage.server.accessTokenLifetime = 1;
    await vault('token', OIDC_PROVIDER, '--refresh');
    stage.server.accessTokenLifetime = 3_600;
    await sleep(1_200);
    const { exitCode, stdout, stderr } = await vault('token', 'derived', '--refresh');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe(before);
  });

  it('says that the exchange failed', async () => {
    stage.env['DERIVED_CLIENT_SECRET'] = 'not-the-secret';
    const { error } = await json('token', 'derived', '--refresh');
    stage.env['DERIVED_CLIENT_SECRET'] = secret;
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
    expect(stage.canaries.size).toBeGreaterThan(5);
    expect(stage.broken()).toEqual([]);
  });
});
