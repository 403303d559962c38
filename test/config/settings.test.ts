import { describe, expect, it } from 'vitest';
import { allowsInsecureLoopback, configureProvider, providerNames } from '../../src/config/settings.js';
import { VaultError } from '../../src/domain/errors.js';
import { GOOGLE_ID, GUID, sources } from '../doubles/settings-sources.js';

const GOOGLE = { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client-secret-example' };
const MINE = { issuer: 'https://issuer.example', clientId: 'client-id-example' };

function refusal(name: string, from: Parameters<typeof sources>[0]): VaultError {
  try {
    configureProvider(name, sources(from));
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
  throw new Error('was accepted');
}

describe('where settings come from', () => {
  const id = (name: string) => `${name}.apps.googleusercontent.com`;
  const config = { providers: { google: { clientId: id('config'), clientSecret: 'config-secret-example' } } };
  const envFile = { GOOGLE_CLIENT_ID: id('file'), GOOGLE_CLIENT_SECRET: 'file-secret-example' };
  const env = { GOOGLE_CLIENT_ID: id('env'), GOOGLE_CLIENT_SECRET: 'env-secret-example' };

  it.each([
    ['the environment over all', { config, envFile, env }, 'env'],
    ['.env over config.json', { config, envFile, env: {} }, 'file'],
    ['config.json where no variable is set', { config }, 'config'],
    [
      '.env where a variable is set to nothing',
      { config, envFile, env: { GOOGLE_CLIENT_ID: '', GOOGLE_CLIENT_SECRET: ' ' } },
      'file',
    ],
  ])('is %s', (_, from, winner) => {
    const { clientId, clientSecret } = configureProvider('google', sources(from));
    expect([clientId, clientSecret?.reveal()]).toEqual([id(winner), `${winner}-secret-example`]);
  });

  it('is config.json for fields of a built-in provider', () => {
    const from = sources({ env: GOOGLE, config: { providers: { google: { scopes: ['openid'] } } } });
    expect(configureProvider('google', from)).toMatchObject({ scopes: ['openid'], title: 'Google' });
  });

  it('is .env for the tenant as well', () => {
    const from = sources({ envFile: { MICROSOFT_TENANT_ID: GUID, MICROSOFT_CLIENT_ID: GUID } });
    expect(configureProvider('microsoft', from).issuer).toContain(GUID);
  });

  it('may be the id from config.json and the secret from a variable', () => {
    const from = sources({
      config: { providers: { mine: MINE } },
      env: { MINE_CLIENT_SECRET: 'client-secret-example' },
    });
    const { clientId, clientSecret } = configureProvider('mine', from);
    expect([clientId, clientSecret?.reveal()]).toEqual(['client-id-example', 'client-secret-example']);
  });
});

describe('YouTube', () => {
  const own = {
    YOUTUBE_CLIENT_ID: `7-x.apps.googleusercontent.com`,
    YOUTUBE_CLIENT_SECRET: 'own-secret-example',
  };

  it('uses the client of Google where it has none', () => {
    expect(configureProvider('youtube', sources({ env: GOOGLE })).clientId).toBe(GOOGLE_ID);
  });

  it('prefers its own client', () => {
    const { clientId, clientSecret } = configureProvider('youtube', sources({ env: { ...GOOGLE, ...own } }));
    expect([clientId, clientSecret?.reveal()]).toEqual([own.YOUTUBE_CLIENT_ID, 'own-secret-example']);
  });

  it('does not send the secret of the other client along with its own id', () => {
    const { message } = refusal('youtube', { env: { ...GOOGLE, YOUTUBE_CLIENT_ID: own.YOUTUBE_CLIENT_ID } });
    expect(message).toContain('YOUTUBE_CLIENT_SECRET is not set');
  });
});

describe('how the client authenticates itself', () => {
  it('is without a secret for Microsoft, unless one is set', () => {
    const env = { MICROSOFT_CLIENT_ID: GUID };
    expect(configureProvider('microsoft', sources({ env }))).toMatchObject({
      clientAuth: 'none',
      clientSecret: null,
    });
    const confidential = sources({ env: { ...env, MICROSOFT_CLIENT_SECRET: 'client-secret-example' } });
    expect(configureProvider('microsoft', confidential).clientAuth).toBe('post');
  });

  it.each([
    ['basic', { issuer: 'https://issuer.example' }],
    ['basic-raw', { authorizationEndpoint: 'https://a.example/a', tokenEndpoint: 'https://a.example/t' }],
    ['post', { issuer: 'https://issuer.example', clientAuth: 'post' }],
  ])('is %s for a provider of the user with a secret and %j', (clientAuth, settings) => {
    const mine = { ...settings, clientId: 'client-id-example', clientSecret: 'client-secret-example' };
    expect(configureProvider('mine', sources({ config: { providers: { mine } } })).clientAuth).toBe(
      clientAuth,
    );
  });

  it('cannot be without a secret and with one', () => {
    const mine = { ...MINE, clientAuth: 'none', clientSecret: 'client-secret-example' };
    expect(refusal('mine', { config: { providers: { mine } } })).toMatchObject({ code: 'config_invalid' });
  });
});

describe('what is missing', () => {
  it('is named, with the place to get it and the lines to write', () => {
    const { code, message, hint, details } = refusal('google', {});
    expect(code).toBe('client_not_configured');
    expect(message).toBe(
      'Google cannot be used yet: GOOGLE_CLIENT_ID is not set, GOOGLE_CLIENT_SECRET is not set',
    );
    expect(hint).toContain('https://console.cloud.google.com/auth/clients');
    expect(hint?.split('\n')[0]).toBe('vault setup google');
    expect(hint).toContain(
      'into /config/.env: GOOGLE_CLIENT_ID=<client id> and GOOGLE_CLIENT_SECRET=<client secret>',
    );
    expect(details).toMatchObject({ missing: ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'] });
  });

  it('names only what is missing', () => {
    const { message } = refusal('google', { env: { GOOGLE_CLIENT_ID: GOOGLE_ID } });
    expect(message).toBe('Google cannot be used yet: GOOGLE_CLIENT_SECRET is not set');
    expect(refusal('microsoft', {}).message).toBe(
      'Microsoft cannot be used yet: MICROSOFT_CLIENT_ID is not set',
    );
  });

  it('names the variable of .env that was probably meant to be it', () => {
    const { hint } = refusal('google', { envFile: { GOOGLE_CLIENTID: GOOGLE_ID } });
    expect(hint?.split('\n')[0]).toBe('/config/.env sets GOOGLE_CLIENTID; did you mean GOOGLE_CLIENT_ID?');
    expect(refusal('notion', { envFile: { GOOGLE_CLIENTID: GOOGLE_ID } }).hint).not.toContain('CLIENTID;');
  });

  it.each([
    'your-client-id',
    'YOUR_CLIENT_ID.apps.googleusercontent.com',
    '<client id>',
    'changeme',
    'replace-me',
    'paste your id here',
    'xxxx-xxxx',
    '...',
    '000000000000-example.apps.googleusercontent.com',
  ])('includes a value that is still a placeholder: %s', (placeholder) => {
    const { code, message } = refusal('google', { envFile: { ...GOOGLE, GOOGLE_CLIENT_ID: placeholder } });
    expect(code).toBe('client_not_configured');
    expect(message).toBe('Google cannot be used yet: GOOGLE_CLIENT_ID still holds a placeholder');
  });

  it('includes a secret where the user configured one', () => {
    const mine = { ...MINE, clientAuth: 'basic' };
    expect(refusal('mine', { config: { providers: { mine } } }).message).toContain(
      'MINE_CLIENT_SECRET is not set',
    );
  });
});

describe('client ids', () => {
  it.each([
    ['google', { ...GOOGLE, GOOGLE_CLIENT_ID: 'client-secret-example' }],
    ['microsoft', { MICROSOFT_CLIENT_ID: 'client-secret-example' }],
    ['notion', { NOTION_CLIENT_ID: 'client-secret-example', NOTION_CLIENT_SECRET: 'client-secret-example' }],
  ])('of %s are checked by their form, and never shown', (name, env) => {
    const { code, message, hint } = refusal(name, { env });
    expect(code).toBe('config_invalid');
    expect(`${message} ${hint}`).not.toContain('client-secret-example');
  });
});

describe('the redirect URI', () => {
  it('is built from the facts of the provider where none is set', () => {
    expect(configureProvider('google', sources({ env: GOOGLE }))).toMatchObject({
      redirectUri: null,
      redirect: { host: '127.0.0.1', port: 0, path: '/callback/google' },
    });
  });

  it.each([
    ['a variable', { env: { ...GOOGLE, OAUTH_REDIRECT_URI: 'http://localhost:8400/cb' } }],
    ['.env', { env: GOOGLE, envFile: { OAUTH_REDIRECT_URI: 'http://localhost:8400/cb' } }],
    [
      'config.json',
      { env: GOOGLE, config: { providers: { google: { redirectUri: 'http://localhost:8400/cb' } } } },
    ],
  ])('is the value of %s', (_, from) => {
    expect(configureProvider('google', sources(from))).toMatchObject({
      redirectUri: 'http://localhost:8400/cb',
      redirect: { host: 'localhost', port: 8400, path: '/cb' },
    });
  });

  it('is checked before anything else happens', () => {
    const env = { ...GOOGLE, OAUTH_REDIRECT_URI: 'http://example.com/cb' };
    expect(refusal('google', { env })).toMatchObject({ code: 'config_invalid' });
  });
});

describe('names of providers', () => {
  const config = { providers: { mine: MINE, google: { scopes: ['openid'] } } };

  it('are the built-in ones and then the own ones of the user', () => {
    const names = providerNames(sources({ config }));
    expect([names[0], names.at(-1)]).toEqual(['google', 'mine']);
    expect(names.filter((name) => name === 'google')).toHaveLength(1);
  });

  it('that are unknown cause an error with a guess', () => {
    const { code, message, hint } = refusal('mien', { config });
    expect(code).toBe('provider_unknown');
    expect(message).toBe(`unknown provider 'mien'`);
    expect(hint).toBe(
      'did you mean mine? to list them: vault providers\nto add a server of your own: vault setup mien --issuer URL',
    );
    expect(refusal('a b', {}).hint).toBe(
      'to list them: vault providers\nto add a server of your own: vault setup NAME --issuer URL',
    );
    expect(refusal('constructor', {}).code).toBe('provider_unknown');
  });

  it('to extend must be built in', () => {
    const { code, hint } = refusal('mine', { config: { providers: { mine: { extends: 'gogle' } } } });
    expect([code, hint]).toEqual(['config_invalid', 'to list the built-in providers: vault providers']);
  });
});

describe('a server on this machine with insecureLoopback', () => {
  const origin = 'http://localhost:8080';
  it.each([
    [true, { issuer: `${origin}/realm`, insecureLoopback: true }],
    [
      true,
      { authorizationEndpoint: 'https://a.example/', tokenEndpoint: `${origin}/t`, insecureLoopback: true },
    ],
    [false, { issuer: `${origin}/realm`, insecureLoopback: false }],
    [false, { issuer: `${origin}/realm` }],
    [false, { issuer: 'http://localhost:8081', insecureLoopback: true }],
    [false, { issuer: 'http://127.0.0.1:8080', insecureLoopback: true }],
  ])('is allowed (%s) by a provider with one of its addresses: %j', (allowed, work) => {
    expect(allowsInsecureLoopback(origin, sources({ config: { providers: { work } } }))).toBe(allowed);
  });
});
