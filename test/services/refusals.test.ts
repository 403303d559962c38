import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/domain/duration.js';
import { TransportFailure } from '../../src/domain/transport.js';
import { google } from '../../src/providers/google.js';
import { microsoft } from '../../src/providers/microsoft.js';
import { authorizationRefusal, codeRefusal } from '../../src/services/login/login-refusals.js';
import { refreshRefusal, unreachable } from '../../src/services/refusals.js';
import { accountExample } from '../doubles/account.js';
import { NOW } from '../doubles/terminal.js';
import { refused } from '../doubles/token-answers.js';
import { REQUEST } from './login/login-test.js';

const DEAD = refused({ error: 'invalid_grant' }, { status: 400 });

describe('the likely reason of an ended grant', () => {
  const reasonOf = (days: { consent: number; use: number }, provider = google) => {
    const account = accountExample({ issuedAt: NOW - days.use * DAY, lastRefreshAt: NOW - days.use * DAY });
    const when = { consentedAt: NOW - days.consent * DAY, openSince: null, now: NOW };
    return refreshRefusal(account, provider, DEAD, when).message;
  };

  it.each([
    ['seven days after the consent', { consent: 7, use: 1 }, /"Testing" state ends it after 7 days/],
    ['half a year after the last use', { consent: 400, use: 181 }, /after 6 months without use/],
  ])('is reported %s', (_, days, pattern) => {
    expect(reasonOf(days)).toMatch(pattern);
  });

  it.each([
    ['three days after the consent', { consent: 3, use: 1 }],
    ['a month after the consent', { consent: 30, use: 1 }],
  ])('is not invented %s', (_, days) => {
    expect(reasonOf(days)).toBe(
      'google/alice@example.com needs a new login: the provider Google no longer accepts the refresh token of this account (invalid_grant)',
    );
  });

  it('is that of the provider', () => {
    expect(reasonOf({ consent: 200, use: 95 }, microsoft('common'))).toMatch(/90 days without use/);
  });

  it('counts a login as a use, even without a refresh since', () => {
    const account = accountExample({ issuedAt: NOW - HOUR, lastRefreshAt: NOW - 300 * DAY });
    const { message } = refreshRefusal(account, google, DEAD, {
      consentedAt: NOW - HOUR,
      openSince: null,
      now: NOW,
    });
    expect(message).not.toContain('without use');
  });
});

describe('a refusal of the authorization code', () => {
  it.each([
    [
      'invalid_grant',
      400,
      'login_refused',
      /no longer accepts the authorization code/,
      /^vault login google/,
    ],
    ['server_error', 503, 'provider_unavailable', /could not finish the login/, /^vault login google$/],
    ['admin_policy_enforced', 400, 'policy_refused', /policy/, /administrator/],
    ['redirect_uri_mismatch', 400, 'client_refused', /refuses this client/, /^vault providers google/],
  ] as const)('%s is %s', (error, status, code, message, hint) => {
    const answer = refused({ error }, { status, facts: google.errors });
    const failure = codeRefusal(google, answer);
    expect(failure).toMatchObject({ code, details: { provider_error: error } });
    expect(failure.message).toMatch(message);
    expect(failure.hint).toMatch(hint);
  });
});

describe('a redirect instead of a token', () => {
  it.each([
    [
      'a refresh',
      (answer: ReturnType<typeof refused>) =>
        refreshRefusal(accountExample(), google, answer, { consentedAt: NOW, openSince: null, now: NOW }),
    ],
    ['a login', (answer: ReturnType<typeof refused>) => codeRefusal(google, answer)],
  ])('of %s is reported as a redirect, and not as a wrong client', (_, refusal) => {
    const failure = refusal(refused('<html>sign in</html>', { status: 307 }));
    expect(failure.code).toBe('client_refused');
    expect(failure.message).toBe(
      'the token endpoint of Google answers with a redirect, which is never followed with a token (HTTP 307)',
    );
    expect(failure.hint).toContain('vault login google --dry-run');
  });

  it('is a refusal of the client if it says so itself', () => {
    const failure = codeRefusal(google, refused({ error: 'invalid_client' }, { status: 302 }));
    expect(failure.message).toContain('refuses this client');
  });
});

describe('a refusal on a page of the provider', () => {
  it.each([
    ['access_denied', 'login_refused'],
    ['user_cancelled', 'login_refused'],
    ['consent_required', 'login_refused'],
    ['temporarily_unavailable', 'provider_unavailable'],
    ['server_error', 'provider_unavailable'],
    ['org_internal', 'policy_refused'],
    ['invalid_scope', 'client_refused'],
    ['unauthorized_client', 'client_refused'],
    ['something_new', 'client_refused'],
  ] as const)('%s is %s', (error, code) => {
    expect(authorizationRefusal(google, REQUEST, error, null)).toMatchObject({
      code,
      hint: expect.any(String),
    });
  });

  it('for a scope that was added leads to the login without it', () => {
    const request = { ...REQUEST, name: 'google/work', addScopes: ['bogus'] };
    const { message, hint } = authorizationRefusal(google, request, 'invalid_scope', null);
    expect(message).toBe('Google does not allow the added scope bogus (invalid_scope)');
    expect(hint).toContain('log in without it: vault login google/work\n');
  });

  it('shows what the provider says', () => {
    expect(authorizationRefusal(google, REQUEST, 'access_denied', 'the person said no').message).toBe(
      'the login was declined at Google (access_denied: the person said no)',
    );
  });
});

describe('a provider that could not be reached', () => {
  it('is a network failure', () => {
    expect(unreachable(new TransportFailure('dns', 'no', 'oauth2.example'))).toMatchObject({
      code: 'network_failed',
      message: 'oauth2.example could not be reached: its name could not be resolved',
      hint: 'nothing is lost; check the network and try again',
      details: { reason: 'dns' },
    });
  });

  it('is not a network failure if its certificate is not trusted', () => {
    const failure = new TransportFailure('tls', 'no', 'oauth2.example', { certificate: 'unknown_issuer' });
    expect(unreachable(failure)).toMatchObject({
      code: 'network_failed',
      hint: expect.stringContaining('export NODE_EXTRA_CA_CERTS=/path/to/ca.pem'),
      details: { reason: 'tls', certificate: 'unknown_issuer' },
    });
  });
});
