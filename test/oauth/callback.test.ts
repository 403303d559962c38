import { describe, expect, it } from 'vitest';
import { type ReceivedResponse, readAuthorizationResponse } from '../../src/oauth/callback.js';

const ISSUER = 'https://accounts.example';
const ENTRA = 'https://login.example/{tenantid}/v2.0';
const TENANT = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

function read(query: string, server: Partial<ReceivedResponse['server']> = {}) {
  return readAuthorizationResponse({
    url: new URL(`http://127.0.0.1:50000/callback?${query}`),
    state: 'state-example',
    server: { issuer: ISSUER, responseIssSupported: false, ...server },
    clientId: 'client-example',
  });
}

const refused = (message: string) =>
  expect.objectContaining({ code: 'login_refused', message: expect.stringContaining(message) });

describe('an authorization response', () => {
  it('returns its code, wrapped', () => {
    const response = read('code=code-example&state=state-example');
    if (response.kind !== 'code') throw new Error('no code');
    expect(response.code.reveal()).toBe('code-example');
    expect(JSON.stringify(response.code)).not.toContain('code-example');
  });

  it('may carry unknown parameters, even twice', () => {
    const extra = 'scope=a&authuser=0&hd=x&prompt=none&session_state=s&authuser=1';
    expect(read(`code=c&state=state-example&${extra}`).kind).toBe('code');
  });

  it.each([['code'], ['state'], ['iss'], ['error'], ['error_description']])(
    'is refused when it names %s twice',
    (name) => {
      const query = `code=c&state=state-example&${name}=x&${name}=y`;
      expect(() => read(query)).toThrow(refused('more than once'));
    },
  );

  it.each([['code=c'], ['code=c&state='], ['code=c&state=other'], ['error=access_denied&state=other']])(
    'is refused when its state is not the one sent: %s',
    (query) => {
      expect(() => read(query)).toThrow(refused('another login'));
    },
  );

  it('is refused without showing any part of the code', () => {
    expect(() => read('code=code-canary&state=other')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });

  it.each([
    ['has both code and token', 'code=c&access_token=t&token=t&state=state-example'],
    ['is a signed response', 'response=x.y.z&state=state-example'],
  ])('is refused when it %s', (_, query) => {
    expect(() => read(query)).toThrow(refused('authorization code'));
  });

  it.each([['state=state-example'], ['code=&state=state-example']])(
    'without a code or an error is invalid: %s',
    (query) => {
      expect(() => read(query)).toThrow(expect.objectContaining({ code: 'provider_answer_invalid' }));
    },
  );
});

describe('the issuer in an authorization response', () => {
  it('is compared even if the server did not announce it', () => {
    expect(read(`code=c&state=state-example&iss=${ISSUER}`).kind).toBe('code');
    expect(() => read('code=c&state=state-example&iss=https://evil.example')).toThrow(
      refused('does not come from the server'),
    );
    expect(() => read(`code=c&state=state-example&iss=${ISSUER}/`)).toThrow(
      refused('does not come from the server'),
    );
  });

  it('is no attack if none is configured, and the error says what to configure', () => {
    const assumed = { issuerAssumed: true };
    const named = (iss: string) => () => read(`code=c&state=state-example&iss=${iss}`, assumed);
    expect(named(ISSUER)().kind).toBe('code');
    expect(named('https://id.example%1b%5b31m')).toThrow(
      expect.objectContaining({
        code: 'login_refused',
        hint: 'if this is the server you mean, set issuer of this provider to https://id.example in config.json',
        details: {},
      }),
    );
  });

  it('is an attack if it differs from the configured one', () => {
    const query = 'code=c&state=state-example';
    expect(() => read(`${query}&iss=https://evil.example`)).toThrow(
      expect.objectContaining({ details: { check: 'issuer' } }),
    );
    expect(() => read(query, { responseIssSupported: true })).toThrow(
      expect.objectContaining({ details: {} }),
    );
  });

  it('is required if the server announced it', () => {
    expect(() => read('code=c&state=state-example', { responseIssSupported: true })).toThrow(
      refused('which server'),
    );
  });

  it('is checked in error responses too', () => {
    const query = 'error=access_denied&state=state-example';
    expect(() => read(`${query}&iss=https://evil.example`)).toThrow(refused('does not come from the server'));
    expect(() => read(query, { responseIssSupported: true })).toThrow(refused('which server'));
  });

  it('may be that of any tenant of a template, and no other', () => {
    const query = 'code=c&state=state-example';
    const of = (tenant: string) => encodeURIComponent(`https://login.example/${tenant}/v2.0`);
    expect(read(query, { issuer: ENTRA }).kind).toBe('code');
    expect(read(`${query}&iss=${of(TENANT)}`, { issuer: ENTRA }).kind).toBe('code');
    expect(() => read(`${query}&iss=${of('evil/x')}`, { issuer: ENTRA })).toThrow(
      refused('does not come from the server'),
    );
    expect(() => read(`${query}&iss=https://login.example`, { issuer: ENTRA })).toThrow(
      refused('does not come from the server'),
    );
  });
});

describe('an error response', () => {
  it('returns the code and a cleaned description', () => {
    const description = encodeURIComponent('No\u001b[31m!\r\nalice@example.com');
    expect(read(`error=access_denied&error_description=${description}&state=state-example`)).toEqual({
      kind: 'error',
      error: 'access_denied',
      description: 'No ! [address]',
    });
  });

  it('with a code beside the error is an error', () => {
    expect(read('code=c&error=access_denied&state=state-example').kind).toBe('error');
  });

  it('counts as an error even if its code is not printable', () => {
    expect(read('error=%1b%00&state=state-example')).toMatchObject({ kind: 'error', error: 'unknown_error' });
  });
});
