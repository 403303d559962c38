import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { buildTokenRequest } from '../../src/oauth/token-endpoint.js';
import type { Provider } from '../../src/providers/contract.js';

const GUID = '463558a3-725e-4f37-b6d3-0889894f68de';

function build(
  clientAuth: Provider['clientAuth'],
  change: Partial<Parameters<typeof buildTokenRequest>[0]> = {},
) {
  return buildTokenRequest({
    endpoint: 'https://api.example/token',
    parameters: { grant_type: 'refresh_token', refresh_token: 'refresh token&example' },
    provider: { clientAuth, tokenBody: 'form', headers: { 'Notion-Version': '2025-09-03' } },
    clientId: GUID,
    clientSecret: new Secret('secret:+% example'),
    ...change,
  });
}

function basicOf(headers: Record<string, string>): string {
  return Buffer.from((headers['authorization'] ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
}

describe('a request to the token endpoint', () => {
  it('of a public client names the client in the body and contains no secret', () => {
    const { headers, body } = build('none');
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh token&example',
      client_id: GUID,
    });
    expect(headers).toEqual({
      'Notion-Version': '2025-09-03',
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    });
  });

  it('can contain the secret in the body, and then in no header', () => {
    const { headers, body } = build('post');
    expect(new URLSearchParams(body).get('client_secret')).toBe('secret:+% example');
    expect(headers).not.toHaveProperty('authorization');
  });

  it('can contain both parts form-encoded in a header, and then nothing in the body', () => {
    const { headers, body } = build('basic');
    expect(basicOf(headers)).toBe(`${GUID}:secret%3A%2B%25+example`);
    expect(body).not.toContain('client');
  });

  it('can contain both parts unencoded in a header', () => {
    expect(basicOf(build('basic-raw').headers)).toBe(`${GUID}:secret:+% example`);
  });

  it.each([['post'], ['basic'], ['basic-raw']] as const)(
    'with %s but without a secret is that of a public client',
    (auth) => {
      const { headers, body } = build(auth, { clientSecret: null });
      expect(new URLSearchParams(body).get('client_id')).toBe(GUID);
      expect(body).not.toContain('client_secret');
      expect(headers).not.toHaveProperty('authorization');
    },
  );

  it('can have a JSON body', () => {
    const provider = { clientAuth: 'basic-raw', tokenBody: 'json', headers: {} } as const;
    const { headers, body } = build('basic-raw', { provider });
    expect(JSON.parse(body)).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh token&example' });
    expect(headers['content-type']).toBe('application/json');
  });
});
