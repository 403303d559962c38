import { describe, expect, it } from 'vitest';
import { whereLoggedIn, whereSent } from '../../src/oauth/regions.js';
import type { Provider } from '../../src/providers/contract.js';
import { builtInProvider } from '../../src/providers/index.js';

const provider = builtInProvider('zoho', {}) as Provider;

const sent = (server: string) => {
  const callback = new URL('http://localhost:17890/callback/zoho?code=c');
  callback.searchParams.set('accounts-server', server);
  return () => whereSent(provider, callback);
};

describe('the server that a callback names', () => {
  it('gets the code, and everything after it', () => {
    const { endpoints, identity, issuer } = sent('https://accounts.zoho.eu')();
    expect(endpoints).toMatchObject({
      token: 'https://accounts.zoho.eu/oauth/v2/token',
      revocation: 'https://accounts.zoho.eu/oauth/v2/token/revoke',
    });
    expect(identity.request?.url).toBe('https://accounts.zoho.eu/oauth/user/info');
    expect(issuer).toBe(provider.issuer);
  });

  it.each([
    'https://accounts.zoho.eu.evil.example',
    'https://evil.example/https://accounts.zoho.eu',
    'http://accounts.zoho.eu',
    'https://accounts.zoho.eu@evil.example',
    'https://evil.example\\@accounts.zoho.eu',
    'https://accounts.zoho.eu:8443',
    'https://accounts.zoho.eu.',
    'https://accounts.zoh\u043e.eu',
    'https://xn--accounts-zoho.eu',
    '//accounts.zoho.eu',
    'accounts.zoho.eu',
    '',
  ])('gets nothing if it is none of the provider: %j', (server) => {
    expect(sent(server)).toThrow(expect.objectContaining({ code: 'login_refused' }));
  });

  it.each([
    'HTTPS://Accounts.Zoho.EU:443/evil?x#y',
    'https://evil.example@accounts.zoho.eu',
    'blob:https://accounts.zoho.eu/evil',
  ])('is reduced to the origin in the list, however it is written: %j', (server) => {
    const { endpoints, identity } = sent(server)();
    expect(endpoints?.token).toBe('https://accounts.zoho.eu/oauth/v2/token');
    expect(identity.request?.url).toBe('https://accounts.zoho.eu/oauth/user/info');
  });

  it('is the first one if a callback names two', () => {
    const callback = new URL('http://localhost:17890/callback/zoho');
    callback.searchParams.append('accounts-server', 'https://evil.example');
    callback.searchParams.append('accounts-server', 'https://accounts.zoho.eu');
    expect(() => whereSent(provider, callback)).toThrow(expect.objectContaining({ code: 'login_refused' }));
  });

  it('is ignored at a provider without regions, and the usual one without a name', () => {
    const callback = new URL('http://127.0.0.1/callback?accounts-server=https://evil.example');
    const github = builtInProvider('github', {}) as Provider;
    expect(whereSent(github, callback)).toBe(github);
    expect(whereSent(provider, new URL('http://127.0.0.1/callback'))).toBe(provider);
  });
});

describe('an account of a region', () => {
  it('stays at its server', () => {
    const tokenEndpoint = 'https://accounts.zoho.in/oauth/v2/token';
    expect(whereLoggedIn(provider, { tokenEndpoint }).endpoints?.token).toBe(tokenEndpoint);
  });

  it('is not led to a server that is none of the provider', () => {
    const tokenEndpoint = 'https://evil.example/oauth/v2/token';
    expect(whereLoggedIn(provider, { tokenEndpoint })).toBe(provider);
  });
});
