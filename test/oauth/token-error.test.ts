import { describe, expect, it } from 'vitest';
import { HOUR } from '../../src/domain/duration.js';
import { Secret } from '../../src/domain/secret.js';
import type { ErrorFacts } from '../../src/providers/contract.js';
import { NO_FACTS, refused } from '../doubles/token-answers.js';

const entra: ErrorFacts = {
  loginNeeded: ['AADSTS50173', 'message_only'],
  configuration: ['AADSTS7000218'],
  policy: ['AADSTS53003'],
  transient: ['AADSTS90033'],
};

describe('an error of the token endpoint', () => {
  it.each([
    ['invalid_grant', 'login_needed'],
    ['bad_refresh_token', 'login_needed'],
    ['interaction_required', 'login_needed'],
    ['invalid_client', 'configuration'],
    ['deleted_client', 'configuration'],
    ['unauthorized_client', 'configuration'],
    ['unsupported_grant_type', 'configuration'],
    ['invalid_scope', 'configuration'],
    ['invalid_request', 'configuration'],
    ['redirect_uri_mismatch', 'configuration'],
    ['access_denied', 'policy'],
    ['admin_policy_enforced', 'policy'],
    ['org_internal', 'policy'],
    ['temporarily_unavailable', 'transient'],
    ['server_error', 'transient'],
    ['slow_down', 'transient'],
    ['a_code_nobody_knows', 'configuration'],
  ])('%s means %s', (error, kind) => {
    expect(refused({ error }, { status: 400 })).toMatchObject({ class: kind, error });
  });

  it.each([
    ['with status 200', { error: 'bad_verification_code' }, 200, 'bad_verification_code'],
    [
      'with status 200 and ok: false',
      { ok: false, error: 'invalid_refresh_token' },
      200,
      'invalid_refresh_token',
    ],
    ['with a code and a message', { code: 'invalid_grant', message: 'revoked' }, 400, 'invalid_grant'],
    [
      'in a list',
      { errors: [{ errorType: 'invalid_grant', message: 'revoked' }], success: false },
      401,
      'invalid_grant',
    ],
    [
      'in an object',
      { error: { code: 400, message: 'no', status: 'INVALID_ARGUMENT' } },
      400,
      'INVALID_ARGUMENT',
    ],
    ['in an object with a code', { error: { code: 'invalid_grant' } }, 400, 'invalid_grant'],
    ['as a form', 'error=invalid_grant&error_description=revoked', 400, 'invalid_grant'],
  ])('is read %s', (_, body, status, error) => {
    expect(refused(body, { status }).error).toBe(error);
  });

  it('is read from the body even if there is a challenge in the header', () => {
    const headers = { 'www-authenticate': 'Basic realm="x"' };
    expect(refused({ error: 'invalid_grant' }, { status: 401, headers })).toMatchObject({
      class: 'login_needed',
      error: 'invalid_grant',
    });
  });

  it.each([
    ['description', { error: 'x_y', error_description: 'said' }],
    ['message', { code: 'x_y', message: 'said' }],
    ['message in the error', { error: { code: 'x_y', message: 'said' } }],
  ])('gives its %s', (_, body) => {
    expect(refused(body, { status: 400 }).description).toBe('said');
  });

  it('returns a finer code', () => {
    const body = {
      error: 'invalid_grant',
      error_subtype: 'invalid_rapt',
      error_description: 'reauth related error',
    };
    expect(refused(body, { status: 400 })).toMatchObject({ class: 'login_needed', detail: 'invalid_rapt' });
  });
});

describe('finer codes', () => {
  it.each([
    ['of numbers', { error: 'invalid_grant', error_codes: [53003] }, 'policy', 'AADSTS53003'],
    [
      'in the text',
      { error: 'invalid_grant', error_description: 'AADSTS53003: Blocked.' },
      'policy',
      'AADSTS53003',
    ],
    ['after an unknown one', { error: 'invalid_grant', error_codes: [1234, 53003] }, 'policy', 'AADSTS53003'],
    ['of the client', { error: 'invalid_client', error_codes: [7000218] }, 'configuration', 'AADSTS7000218'],
    ['in suberror', { error: 'odd', suberror: 'message_only' }, 'login_needed', 'message_only'],
    ['unknown to anyone', { error: 'invalid_grant', error_codes: [1234] }, 'login_needed', 'AADSTS1234'],
    [
      'beside a transient name',
      { error: 'temporarily_unavailable', error_codes: [53003] },
      'transient',
      'AADSTS53003',
    ],
  ])('%s are chosen by the data of the provider', (_, body, kind, detail) => {
    expect(refused(body, { status: 400, facts: entra })).toMatchObject({ class: kind, detail });
  });

  it('may also replace the meaning of a shared code', () => {
    const facts = { ...NO_FACTS, policy: ['invalid_grant'] };
    expect(refused({ error: 'invalid_grant' }, { status: 400, facts }).class).toBe('policy');
  });
});

describe('an answer that is not from a token endpoint', () => {
  const page = '<!doctype html><title>Sign in to the network</title>';

  it.each([[200], [400], [401], [403], [404], [407], [502], [503], [504]])(
    'is transient with status %i',
    (status) => {
      for (const body of [page, '', '   ', '{"access_token":"acc', '[]', '"text"', 'null', 'plain words']) {
        expect(refused(body, { status })).toMatchObject({
          class: 'transient',
          error: status === 200 ? 'not_json' : `http_${status}`,
          description: null,
        });
      }
    },
  );

  it('is transient when it is JSON of a gateway', () => {
    expect(refused({ message: 'Forbidden' }, { status: 403 })).toMatchObject({
      class: 'transient',
      error: 'http_403',
      description: 'Forbidden',
    });
  });

  it.each([[301], [302], [303], [307], [308]])(
    'is a matter of configuration if it redirects with %i',
    (status) => {
      expect(refused('', { status, headers: { location: 'https://evil.example/' } })).toMatchObject({
        class: 'configuration',
        error: `http_${status}`,
      });
    },
  );
});

describe('a status of overload', () => {
  it.each([[500], [503], [429], [408], [425]])(
    '%i is transient whatever the body contains, and the body is read',
    (status) => {
      expect(refused({ error: 'invalid_grant', error_description: 'said' }, { status })).toMatchObject({
        class: 'transient',
        error: 'invalid_grant',
        description: 'said',
      });
    },
  );

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['1.5', 1_500],
    ['1000000000', HOUR],
    ['Fri, 20 Nov 2026 12:00:30 GMT', 30_000],
    ['Fri, 20 Nov 2099 12:00:30 GMT', HOUR],
    ['Fri, 20 Nov 2020 12:00:30 GMT', null],
    ['-5', null],
    ['soon', null],
    ['', null],
  ])('with Retry-After %j asks for a pause of %j ms', (header, wait) => {
    expect(refused('', { status: 429, headers: { 'retry-after': header } }).retryAfter).toBe(wait);
  });

  it('asks for no pause without Retry-After', () => {
    expect(refused('', { status: 429 }).retryAfter).toBeNull();
  });
});

describe('the text of an error', () => {
  it('is safe for a terminal and a log', () => {
    const error_description = 'No\r\n\u001b]52;c;eA==\u0007\u202e alice@example.com ya29.a0AfH6SMBx4example0';
    const answer = refused({ error: 'bad\u001b[31m', error_description }, { status: 400 });
    expect(answer).toMatchObject({ error: 'bad', description: 'No [address] [redacted]' });
  });

  it('never repeats a secret of the request', () => {
    const body = { error: 'pw', suberror: 'pw', error_description: 'pw is wrong' };
    const answer = refused(body, { status: 400, sent: [new Secret('pw')] });
    expect(JSON.stringify(answer)).not.toContain('pw');
  });

  it('has its code also where that contains a secret of a few letters', () => {
    const body = { error: 'invalid_client', error_description: 'The client is unknown.' };
    const answer = refused(body, { status: 401, sent: [new Secret('client')] });
    expect(answer).toMatchObject({ error: 'invalid_client', description: '[redacted]' });
  });

  it('never repeats a body that could not be parsed', () => {
    expect(JSON.stringify(refused('{"canary-canary', { status: 200 }))).not.toContain('canary');
  });
});
