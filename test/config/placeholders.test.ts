import { expect, it } from 'vitest';
import { configureProvider } from '../../src/config/settings.js';
import { sources } from '../doubles/settings-sources.js';

const FORGE = {
  authorizationEndpoint: 'https://forge.example/authorize',
  tokenEndpoint: 'https://forge.example/token',
  revocationEndpoint: 'https://forge.example/clients/{client_id}/token',
  userinfoEndpoint: 'https://forge.example/me',
  clientId: 'my client',
  headers: { 'x-client': 'cli {client_id}' },
  redirectPort: 8400,
  refreshParams: { redirect_uri: '{redirect_uri}' },
  identity: { from: 'userinfo', headers: { 'client-id': '{client_id}' } },
};

it('the client id and the redirect URI are put where a provider wants them', () => {
  const forge = configureProvider('forge', sources({ config: { providers: { forge: FORGE } } }));
  expect(forge.endpoints?.revocation).toBe('https://forge.example/clients/my%20client/token');
  expect(forge.headers).toEqual({ 'x-client': 'cli my client' });
  expect(forge.identity.request?.headers).toEqual({ 'client-id': 'my client' });
  expect(forge.refreshParams).toEqual({ redirect_uri: 'http://127.0.0.1:8400/callback/forge' });
});

it.each([
  ['a refresh endpoint on another server', { refreshEndpoint: 'https://other.example/refresh' }],
  [
    'another parameter of the protocol in a refresh',
    { refreshParams: { redirect_uri: 'https://x.example' } },
  ],
  ['scopes in a parameter of the protocol', { scopeParameter: 'state' }],
  ['a region with a path', { regions: { parameter: 'server', origins: ['https://eu.example/x'] } }],
  ['a lifetime of nothing', { tokenLifetime: 0 }],
])('refused: %s', (_, settings) => {
  const config = { providers: { forge: { ...FORGE, ...settings } } };
  expect(() => configureProvider('forge', sources({ config }))).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
});

it('a provider that takes https redirect URIs only cannot be used without one', () => {
  const env = { YAHOO_CLIENT_ID: 'a', YAHOO_CLIENT_SECRET: 'b' };
  expect(() => configureProvider('yahoo', sources({ env }))).toThrow(/accepts only https redirect URIs/);
  const own = { ...env, OAUTH_REDIRECT_URI: 'https://example.com/callback' };
  expect(configureProvider('yahoo', sources({ env: own })).redirectUri).toBe('https://example.com/callback');
});
