import { describe, expect, it } from 'vitest';
import { type AuthorizationRequest, authorizationUrl } from '../../src/oauth/authorize-url.js';

const request: AuthorizationRequest = {
  endpoint: 'https://accounts.example/authorize',
  clientId: 'client-example',
  redirectUri: 'http://127.0.0.1:50000/callback',
  scopes: ['openid', 'email'],
  scopeSeparator: ' ',
  state: 'state-example',
  codeChallenge: 'challenge-example',
  nonce: 'nonce-example',
  loginHint: 'alice@example.com',
  params: { access_type: 'offline' },
};

function parametersOf(change: Partial<AuthorizationRequest> = {}): Record<string, string> {
  const { searchParams } = new URL(authorizationUrl({ ...request, ...change }));
  expect(new Set(searchParams.keys()).size).toBe([...searchParams.keys()].length);
  return Object.fromEntries(searchParams);
}

describe('the authorization URL', () => {
  it('requests a code with S256, state, nonce and the exact redirect URI', () => {
    expect(parametersOf()).toEqual({
      response_type: 'code',
      client_id: 'client-example',
      redirect_uri: 'http://127.0.0.1:50000/callback',
      scope: 'openid email',
      state: 'state-example',
      code_challenge: 'challenge-example',
      code_challenge_method: 'S256',
      nonce: 'nonce-example',
      login_hint: 'alice@example.com',
      access_type: 'offline',
    });
  });

  it('leaves out what does not apply', () => {
    const bare = { scopes: [], codeChallenge: null, nonce: null, loginHint: null, params: {} };
    expect(Object.keys(parametersOf(bare)).sort()).toEqual([
      'client_id',
      'redirect_uri',
      'response_type',
      'state',
    ]);
  });

  it('separates scopes as the provider expects', () => {
    expect(parametersOf({ scopeSeparator: ',' })['scope']).toBe('openid,email');
  });

  it('keeps the query of the endpoint', () => {
    const parameters = parametersOf({ endpoint: 'https://accounts.example/authorize?policy=sign-in' });
    expect(parameters['policy']).toBe('sign-in');
    expect(parameters['client_id']).toBe('client-example');
  });

  it('lets no setting replace a parameter of the protocol', () => {
    const hostile = { state: 'x', code_challenge_method: 'plain', response_type: 'token' };
    const parameters = parametersOf({
      params: hostile,
      endpoint: 'https://accounts.example/?state=y&client_id=z',
    });
    expect(parameters).toMatchObject({
      state: 'state-example',
      code_challenge_method: 'S256',
      response_type: 'code',
      client_id: 'client-example',
    });
  });

  it('removes a challenge from the query if the provider has no PKCE', () => {
    const parameters = parametersOf({
      codeChallenge: null,
      params: { code_challenge: 'x', code_challenge_method: 'plain' },
    });
    expect(parameters).not.toHaveProperty('code_challenge');
    expect(parameters).not.toHaveProperty('code_challenge_method');
  });

  it('may be plain http on this machine', () => {
    expect(authorizationUrl({ ...request, endpoint: 'http://127.0.0.1:9000/authorize' })).toMatch(
      /^http:\/\/127/,
    );
  });

  it.each([
    ['http to a host elsewhere', 'http://accounts.example/authorize'],
    ['a file', 'file:///usr/bin/id'],
    ['a script', 'javascript:alert(1)'],
    ['an option', '--new-window'],
    ['a command substitution', '$(id)'],
    ['a command substitution in the path', 'https://accounts.example/$(id)'],
    ['a shell operator in the path', 'https://accounts.example/&calc'],
    ['a quote in the path', "https://accounts.example/'id'"],
    ['a line break', 'https://accounts.example/\nauthorize'],
    ['user information', 'https://accounts.example@evil.example/'],
    ['nothing', ''],
  ])('is never built from %s', (_, endpoint) => {
    expect(() => authorizationUrl({ ...request, endpoint })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });

  it('contains no character that a shell would interpret', () => {
    const hostile = '`id` $(id) & | ; < > " \' \\ \n';
    const url = authorizationUrl({
      ...request,
      clientId: hostile,
      loginHint: hostile,
      params: { x: hostile },
    });
    expect(url).toMatch(/^[A-Za-z0-9\-._~:/?%&=+*]+$/);
  });
});
