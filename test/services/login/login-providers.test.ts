import { afterEach, describe, expect, it } from 'vitest';
import { configureProvider } from '../../../src/config/settings.js';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import { browserDouble, browserNever } from '../../doubles/browser.js';
import { json, serve } from '../../doubles/local-server.js';
import { GUID, sources } from '../../doubles/settings-sources.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
afterEach(() => stage.close());

/** A provider’s page that lets everybody in. */
const letIn = browserDouble(async (address, goTo) => {
  const asked = new URL(address).searchParams;
  const url = new URL(asked.get('redirect_uri') ?? '');
  url.searchParams.set('code', 'code-example');
  url.searchParams.set('state', asked.get('state') ?? '');
  await goTo(url);
});

const idToken = (claims: Readonly<Record<string, unknown>>) => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
};

describe('a plain OAuth server', () => {
  it('is sufficient if a userinfo endpoint identifies the user', async () => {
    stage = await loginTest({ plain: true });
    stage.settings['userinfoEndpoint'] = stage.demo.endpoints.userinfo;
    const { account, identity } = await stage.logIn();
    expect(identity).toMatchObject({ subject: 'demo-1815', email: 'ada@example.com' });
    expect(account).toMatchObject({
      label: 'ada@example.com',
      issuer: stage.demo.issuer,
      grantedScopes: ['email', 'notes.read'],
    });
    expect(stage.demo.requests.metadata).toBe(0);
    expect(new URL(stage.shown[0] ?? '').searchParams.has('nonce')).toBe(false);
  });

  it('is not used with an unexpected issuer until that is configured', async () => {
    stage = await loginTest({ plain: true });
    stage.settings['identity'] = { from: 'none' };
    const browser = browserDouble(async (address, goTo) => {
      const url = new URL(await answerConsent(address));
      url.searchParams.set('iss', 'https://id.example');
      await goTo(url);
    });
    await expect(stage.logIn({ as: 'mine' }, { browser })).rejects.toMatchObject({
      code: 'login_refused',
      hint: 'if this is the server you mean, set issuer of this provider to https://id.example in config.json',
    });
    expect(stage.events.at(-1)).toEqual({ event: 'login_failed', provider: 'demo', code: 'login_refused' });
    stage.settings['issuer'] = 'https://id.example';
    expect(await stage.logIn({ as: 'mine' }, { browser })).toMatchObject({
      account: { issuer: 'https://id.example' },
    });
  });

  it('that identifies no user uses the given name each time', async () => {
    stage = await loginTest({ plain: true });
    const first = await stage.logIn({ as: 'mine' });
    expect(first).toMatchObject({
      created: true,
      account: { label: 'mine' },
      identity: { subject: 'mine', email: null },
    });
    expect(await stage.logIn({ as: 'mine' })).toMatchObject({
      created: false,
      account: { id: first.account.id },
    });
    expect(await stage.logIn({ as: 'yours' })).toMatchObject({ created: true });
    expect(stage.demo.requests.userinfo).toBe(0);
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({ code: 'usage' });
  });

  it('without expiry and scopes in its answer is taken to have granted all scopes', async () => {
    stage = await loginTest({ plain: true, knobs: { omitMembers: ['expires_in', 'scope'] } });
    const { account } = await stage.logIn({ as: 'mine' });
    expect(account).toMatchObject({
      expiresAt: null,
      grantedScopes: ['email', 'notes.read'],
      status: 'active',
    });
  });

  it('that does not identify the user at userinfo stores nothing', async () => {
    stage = await loginTest({ plain: true });
    stage.settings['userinfoEndpoint'] = `${stage.demo.issuer}/nowhere`;
    await expect(stage.logIn()).rejects.toMatchObject({ code: 'provider_answer_invalid' });
    expect(await stage.vault.accounts()).toEqual([]);
  });
});

describe('an OpenID server', () => {
  it('is asked at userinfo for a name that the id_token lacks', async () => {
    stage = await loginTest();
    const claims = { iss: stage.demo.issuer, aud: stage.demo.client.id, sub: 'demo-1815' };
    const seconds = Math.floor(stage.clock.now() / 1_000);
    const nameless = (nonce: string | null) => idToken({ ...claims, nonce, iat: seconds, exp: seconds + 60 });
    const server = await serve((response, request) => {
      if (request.path !== '/token') return json(503, {})(response, request);
      const nonce = new URL(letIn.shown.at(-1) ?? '').searchParams.get('nonce');
      json(200, { access_token: 'access-token-example', id_token: nameless(nonce) })(response, request);
    });
    Object.assign(stage.settings, {
      authorizationEndpoint: `${server.url}/authorize`,
      tokenEndpoint: `${server.url}/token`,
      userinfoEndpoint: `${server.url}/userinfo`,
    });
    const { account } = await stage.logIn({}, { browser: letIn });
    expect(account.label).toBe('demo-1815');
    expect(server.received.map(({ path }) => path)).toEqual(['/token', '/userinfo']);
    await server.close();
  });
});

describe('a server that speaks like Notion', () => {
  it('gets JSON, raw Basic and its version, no PKCE, and names the workspace', async () => {
    stage = await loginTest();
    const answer = {
      access_token: 'access-token-example',
      refresh_token: 'refresh-token-example',
      token_type: 'bearer',
      bot_id: 'bot-1',
      workspace_id: 'workspace-1',
      workspace_name: 'Ada’s Workspace',
      owner: { type: 'user', user: { id: 'user-1', person: { email: 'ada@example.com' } } },
    };
    const server = await serve(json(200, answer));
    Object.assign(stage.settings, {
      extends: 'notion',
      issuer: undefined,
      authorizationEndpoint: `${server.url}/authorize`,
      tokenEndpoint: `${server.url}/token`,
      revocationEndpoint: `${server.url}/revoke`,
      clientId: 'client-example',
      clientSecret: 'secret+example',
      redirectPort: 0,
    });
    const { account, identity } = await stage.logIn({}, { browser: letIn });
    expect(account).toMatchObject({
      label: 'Ada’s-Workspace',
      expiresAt: null,
      grantedScopes: [],
      tokenType: 'Bearer',
    });
    expect(identity).toMatchObject({
      subject: 'bot-1:workspace-1',
      email: null,
      details: { owner_email: 'ada@example.com', workspace_id: 'workspace-1' },
    });
    const [request] = server.received;
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from('client-example:secret+example').toString('base64')}`,
      'notion-version': expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
    });
    const [event] = stage.told;
    const redirectUri = event?.kind === 'authorize' ? event.redirectUri : null;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      grant_type: 'authorization_code',
      code: 'code-example',
      redirect_uri: redirectUri,
    });
    await server.close();
  });
});

describe('a server that speaks like Microsoft', () => {
  it('has one issuer per tenant, and identifies users by tenant and object', async () => {
    stage = await loginTest();
    const seconds = Math.floor(stage.clock.now() / 1_000);
    const server = await serve((response, request) => {
      const nonce = new URL(letIn.shown.at(-1) ?? '').searchParams.get('nonce');
      const claims = {
        iss: `https://login.microsoftonline.com/${GUID}/v2.0`,
        aud: GUID,
        sub: 'pairwise',
        tid: GUID,
        oid: 'object-1',
        preferred_username: 'ada@example.com',
        nonce,
        iat: seconds,
        exp: seconds + 60,
      };
      const members = {
        access_token: 'access-token-example',
        refresh_token: 'r',
        expires_in: '3599',
        scope: 'Mail.Read',
      };
      json(200, { ...members, token_type: 'Bearer', id_token: idToken(claims) })(response, request);
    });
    const microsoft = configureProvider('microsoft', sources({ env: { MICROSOFT_CLIENT_ID: GUID } }));
    const endpoints = {
      ...microsoft.endpoints,
      authorization: `${server.url}/authorize`,
      token: `${server.url}/token`,
    };
    const provider = async () => ({
      ...microsoft,
      endpoints: { revocation: null, deviceAuthorization: null, userinfo: null, ...endpoints },
    });
    const { account, identity } = await stage.logIn(
      { name: 'microsoft', scopes: ['Mail.Read'] },
      { browser: letIn, provider },
    );
    expect(account).toMatchObject({
      issuer: `https://login.microsoftonline.com/${GUID}/v2.0`,
      label: 'ada@example.com',
      grantedScopes: ['openid', 'profile', 'email', 'offline_access', 'Mail.Read'],
      status: 'active',
    });
    expect(identity.subject).toBe(`${GUID}:object-1`);
    const [event] = stage.told;
    expect(event?.kind === 'authorize' && event.redirectUri).toMatch(/^http:\/\/localhost:\d+$/);
    const body = new URLSearchParams(server.received[0]?.body);
    expect(body.get('client_id')).toBe(GUID);
    expect(body.has('client_secret')).toBe(false);
    await server.close();
  });
});
