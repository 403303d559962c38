import { describe, expect, it } from 'vitest';
import type { Provider } from '../../src/providers/contract.js';
import { fromConfig } from '../../src/providers/custom.js';
import { google } from '../../src/providers/google.js';
import { microsoft } from '../../src/providers/microsoft.js';
import type { ProviderSettings } from '../../src/providers/settings.js';
import { youtube } from '../../src/providers/youtube.js';

const PLAIN: ProviderSettings = {
  authorizationEndpoint: 'https://login.example/authorize',
  tokenEndpoint: 'https://api.example/token',
};

function refusal(settings: ProviderSettings, base: Provider | null = null): unknown {
  try {
    return fromConfig('mine', settings, base);
  } catch (failure) {
    return failure;
  }
}

describe('an OpenID Connect issuer', () => {
  const provider = fromConfig('my-idp', { issuer: 'https://issuer.example' }, null);

  it('needs only its address', () => {
    expect(provider).toMatchObject({
      issuer: 'https://issuer.example',
      issuerTemplate: false,
      endpoints: null,
      pkce: true,
      clientAuth: 'none',
      redirect: { host: '127.0.0.1', port: 0, path: '/callback/my-idp' },
      scopes: ['openid', 'profile', 'email', 'offline_access'],
      requiredScopes: ['openid'],
      reconsentParams: { prompt: 'consent' },
      identity: { from: 'id_token', subject: ['sub'] },
      revocation: { style: 'rfc7009' },
    });
  });

  it('has its own variables', () => {
    expect(provider.client).toMatchObject({
      idVariables: ['MY_IDP_CLIENT_ID'],
      secretVariables: ['MY_IDP_CLIENT_SECRET'],
      secret: 'optional',
      authWithSecret: 'basic',
    });
  });

  it('is a plain OAuth server if openid is not among the scopes', () => {
    const plain = fromConfig('mine', { issuer: 'https://issuer.example', scopes: ['mail'] }, null);
    expect(plain).toMatchObject({ requiredScopes: [], identity: { from: 'none' }, reconsentParams: {} });
  });
});

describe('a plain OAuth server', () => {
  it('has the configured issuer', () => {
    const settings = { ...PLAIN, issuer: 'https://id.example' };
    const provider = fromConfig('plain', settings, null);
    expect(provider.issuer).toBe('https://id.example');
    expect(provider).not.toHaveProperty('issuerAssumed');
  });

  it('needs two endpoints, and its token endpoint serves as the issuer', () => {
    const provider = fromConfig('plain', PLAIN, null);
    expect(provider).toMatchObject({
      issuer: 'https://api.example',
      issuerAssumed: true,
      endpoints: { authorization: PLAIN.authorizationEndpoint, token: PLAIN.tokenEndpoint, revocation: null },
      scopes: [],
      requiredScopes: [],
      client: { authWithSecret: 'basic-raw' },
      revocation: { style: 'none' },
    });
  });

  it('identifies the user at its userinfo endpoint', () => {
    const userinfoEndpoint = 'https://api.example/user';
    expect(fromConfig('plain', { ...PLAIN, userinfoEndpoint }, null).identity).toMatchObject({
      from: 'request',
      request: { url: userinfoEndpoint, headers: {} },
      subject: ['sub|id|user_id|account_id|uuid'],
    });
  });

  it('identifies the user by the label if it reports nothing', () => {
    expect(fromConfig('plain', PLAIN, null).identity).toMatchObject({ from: 'none', subject: [] });
  });

  it('may have the identity in the token answer, if so configured', () => {
    const identity = { from: 'token_response', subject: ['account_id'] } as const;
    expect(fromConfig('plain', { ...PLAIN, identity }, null).identity).toMatchObject({
      ...identity,
      request: null,
    });
  });

  it('can be revoked as soon as it has an endpoint for it', () => {
    const settings = { ...PLAIN, revocationEndpoint: 'https://api.example/revoke' };
    expect(fromConfig('plain', settings, null).revocation.style).toBe('rfc7009');
    expect(fromConfig('plain', { ...settings, revocation: 'json' }, null).revocation.style).toBe('json');
  });
});

describe('settings over a built-in provider', () => {
  it('replace its fields and leave the others', () => {
    const provider = fromConfig(
      'google',
      { scopes: ['openid'], authorizeParams: { hd: 'example.com' } },
      google,
    );
    expect(provider).toEqual({
      ...google,
      scopes: ['openid'],
      authorizeParams: { access_type: 'offline', hd: 'example.com' },
    });
  });

  it('may make a second one of it, which shares the client', () => {
    const provider = fromConfig('google-work', { extends: 'google' }, google);
    expect(provider).toMatchObject({
      title: 'Google (google-work)',
      issuer: google.issuer,
      endpoints: google.endpoints,
    });
    expect(provider.client.idVariables).toEqual(['GOOGLE_WORK_CLIENT_ID', 'GOOGLE_CLIENT_ID']);
  });

  it('keep the rule that puts tenants into the issuer', () => {
    expect(fromConfig('microsoft', { redirectPort: 8400 }, microsoft('common')).issuerTemplate).toBe(true);
  });

  it('keep its quirks but none of its addresses if they lead to another server', () => {
    const elsewhere = { ...PLAIN, extends: 'google' };
    const provider = fromConfig('other', elsewhere, google);
    expect(provider).toMatchObject({
      issuer: 'https://api.example',
      authorizeParams: { access_type: 'offline' },
      manageUrl: null,
    });
    expect(provider.endpoints).toMatchObject({ revocation: null, deviceAuthorization: null, userinfo: null });
    expect(provider.client).toMatchObject({
      idVariables: ['OTHER_CLIENT_ID'],
      secretVariables: ['OTHER_CLIENT_SECRET'],
      idPattern: null,
    });
  });

  it('that name another issuer have its endpoints discovered again', () => {
    const provider = fromConfig('google', { issuer: 'https://issuer.example' }, google);
    expect(provider).toMatchObject({ issuer: 'https://issuer.example', endpoints: null });
  });

  it('decide about the secret together with the authentication', () => {
    const base = microsoft('common');
    expect(fromConfig('m', { clientAuth: 'post' }, base).client.secret).toBe('required');
    expect(fromConfig('m', { clientAuth: 'none' }, base).client.secret).toBe('forbidden');
  });
});

describe('incomplete settings of a provider', () => {
  it.each<[string, ProviderSettings, Provider | null]>([
    ['neither issuer nor', {}, null],
    ['tokenEndpoint needs', { tokenEndpoint: 'https://api.example/token' }, null],
    [
      'revocationEndpoint needs',
      { issuer: 'https://i.example', revocationEndpoint: 'https://i.example/r' },
      null,
    ],
    ['tokenEndpoint needs', { tokenEndpoint: 'https://api.example/token' }, google],
    ['identity from an endpoint', { ...PLAIN, identity: { from: 'userinfo' } }, null],
    ['identity from an endpoint', PLAIN, youtube],
  ])('are refused: %s', (why, settings, base) => {
    expect(refusal(settings, base)).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(why),
    });
  });
});

describe('a provider without a user', () => {
  const CLIENT = { grant: 'client_credentials', tokenEndpoint: 'https://api.example/token' } as const;

  it('needs no authorization endpoint, and nothing of a login', () => {
    const provider = fromConfig('build', { ...CLIENT, audience: 'https://api.example' }, null);
    expect(provider).toMatchObject({
      grant: 'client_credentials',
      audience: 'https://api.example',
      endpoints: { authorization: null, token: 'https://api.example/token' },
      scopes: [],
      pkce: false,
      client: { secret: 'required' },
    });
  });

  it('takes from Microsoft only what fits', () => {
    const scopes = ['https://outlook.office365.com/.default'];
    const provider = fromConfig(
      'mail',
      { extends: 'microsoft', grant: 'client_credentials', scopes },
      microsoft('common'),
    );
    expect(provider).toMatchObject({ scopes, requiredScopes: [], grantLimits: [], device: null });
  });

  it('refuses what only the login of a user has', () => {
    for (const field of [
      { pkce: true },
      { redirectPort: 1 },
      { authorizeParams: {} },
      { clientAuth: 'none' as const },
    ])
      expect(refusal({ ...CLIENT, ...field })).toMatchObject({ code: 'config_invalid' });
  });

  it('is the only one that takes an audience', () => {
    expect(refusal({ ...PLAIN, audience: 'x' })).toMatchObject({
      message: 'providers.mine.audience in config.json is for a grant without a user, and grant is not set',
    });
  });
});
