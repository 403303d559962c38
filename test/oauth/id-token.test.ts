import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { issuedAt } from '../../src/oauth/claims.js';
import {
  endOfIdToken,
  type IdTokenExpectations,
  type RefreshedIdTokenExpectations,
  readIdToken,
  readRefreshedIdToken,
} from '../../src/oauth/id-token.js';
import { idTokenOf } from '../doubles/id-token.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const SECONDS = NOW / 1000;
const TENANT = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

const good = {
  iss: 'https://accounts.example',
  aud: 'client-example',
  sub: 'subject-example',
  iat: SECONDS,
  exp: SECONDS + 3600,
  nonce: 'nonce-example',
};

function read(idToken: Secret, change: Partial<IdTokenExpectations> = {}) {
  return readIdToken({
    idToken,
    issuer: 'https://accounts.example',
    issuerTemplate: false,
    clientId: 'client-example',
    nonce: 'nonce-example',
    algorithms: ['RS256'],
    now: NOW,
    ...change,
  });
}

const refusal = (text: string) => ({
  code: 'provider_answer_invalid',
  message: expect.stringContaining(text),
});

describe('an id_token', () => {
  it('returns its claims if all of them match', async () => {
    expect(await read(idTokenOf({ ...good, email: 'alice@example.com' }))).toEqual({
      ...good,
      email: 'alice@example.com',
    });
  });

  it.each([
    ['iss', { iss: 'https://evil.example' }],
    ['iss', { iss: 'https://accounts.example/' }],
    ['aud', { aud: 'another-client' }],
    ['aud', { aud: ['client-example', 'another-client'] }],
    ['azp', { aud: ['client-example', 'another-client'], azp: 'another-client' }],
    ['nonce', { nonce: 'another-nonce' }],
    ['exp', { exp: SECONDS - 61 }],
    ['nbf', { nbf: SECONDS + 61 }],
  ])('is refused if its %s does not match', async (claim, change) => {
    await expect(read(idTokenOf({ ...good, ...change }))).rejects.toMatchObject(refusal(`its ${claim} `));
  });

  it.each([
    ['the claim iss', 'iss'],
    ['the claim aud', 'aud'],
    ['the claim sub', 'sub'],
    ['the claim exp', 'exp'],
    ['the claim iat', 'iat'],
    ['the nonce that was sent', 'nonce'],
  ])('is refused without %s, which the error names', async (what, claim) => {
    const { [claim as keyof typeof good]: _, ...rest } = good;
    await expect(read(idTokenOf(rest))).rejects.toMatchObject({
      ...refusal(`the id_token lacks ${what}`),
      hint: expect.stringContaining('"identity": {"from": "none"}'),
    });
  });

  it('may differ by a minute', async () => {
    expect(await read(idTokenOf({ ...good, exp: SECONDS - 50, nbf: SECONDS + 50 }))).toHaveProperty('sub');
  });

  it('is checked against the given time, not the clock of the machine', async () => {
    const later = { ...good, iat: SECONDS + 9e8, exp: SECONDS + 9e8 + 3600 };
    expect(await read(idTokenOf(later), { now: NOW + 9e11 })).toHaveProperty('sub');
    await expect(read(idTokenOf(good), { now: NOW + 9e11 })).rejects.toMatchObject(refusal('its exp'));
  });

  it.each([
    ['none', { alg: 'none' }, ['RS256', 'none']],
    ['None', { alg: 'None' }, ['None']],
    ['an algorithm nobody announced', { alg: 'HS256' }, ['RS256']],
    ['no algorithm', {}, ['RS256']],
  ])('is refused when it is signed with %s', async (_, header, algorithms) => {
    await expect(read(idTokenOf(good, header), { algorithms })).rejects.toMatchObject(refusal('its alg'));
  });

  it('may be signed as announced, or with RS256 if nothing is announced', async () => {
    expect(await read(idTokenOf(good, { alg: 'ES256' }), { algorithms: ['ES256'] })).toHaveProperty('sub');
    expect(await read(idTokenOf(good), { algorithms: [] })).toHaveProperty('sub');
  });

  it('must not contain a nonce that was not sent', async () => {
    await expect(read(idTokenOf(good), { nonce: null })).rejects.toMatchObject(refusal('its nonce'));
    const { nonce: _, ...without } = good;
    expect(await read(idTokenOf(without), { nonce: null })).toHaveProperty('sub');
  });

  it.each([['x'], ['a.b.c'], ['..']])('that is invalid (%s) is refused without being shown', async (text) => {
    await expect(read(new Secret(text))).rejects.toMatchObject(refusal('cannot be read'));
  });

  it('shows none of its claims in an error', async () => {
    const failure = await read(idTokenOf({ ...good, aud: 'canary-value' })).catch((error: unknown) => error);
    expect(JSON.stringify(failure) + String(failure) + String((failure as Error).cause)).not.toContain(
      'canary',
    );
  });
});

describe('an id_token of an issuer with tenants', () => {
  const template = { issuer: 'https://login.example/{tenantid}/v2.0', issuerTemplate: true };
  const of = (tid: unknown, tenant = tid) =>
    idTokenOf({ ...good, tid, iss: `https://login.example/${tenant}/v2.0` });

  it('is accepted from the tenant it names', async () => {
    expect(await read(of(TENANT), template)).toMatchObject({ tid: TENANT });
  });

  it('is refused if another tenant issued it', async () => {
    const other = TENANT.replace('0f', 'ff');
    await expect(read(of(TENANT, other), template)).rejects.toMatchObject(refusal('its iss'));
  });

  it.each([['evil/../x'], [''], [7], [undefined]])('is refused if its tenant is %j', async (tid) => {
    await expect(read(of(tid), template)).rejects.toMatchObject(refusal('its tid'));
  });
});

describe('an id_token of a refresh', () => {
  const { nonce, ...later } = { ...good, iat: SECONDS + 1800, exp: SECONDS + 5400 };
  const refreshed = (claims: unknown, change: Partial<RefreshedIdTokenExpectations> = {}, header?: unknown) =>
    readRefreshedIdToken({
      idToken: idTokenOf(claims, header),
      issuer: good.iss,
      clientId: good.aud,
      before: good,
      now: NOW,
      ...change,
    });

  it.each([
    ['without a nonce', later, {}],
    ['with the nonce of the login', { ...later, nonce }, {}],
    ['of another user than before if there was none before', { ...later, sub: 'another' }, { before: null }],
  ])('is read %s', async (_, claims, change) => {
    expect(await refreshed(claims, change)).toEqual(claims);
  });

  it('may be signed with any algorithm', async () => {
    expect(await refreshed(later, {}, { alg: 'ES256' })).toEqual(later);
  });

  it.each([
    ['iss', { iss: 'https://evil.example' }],
    ['sub', { sub: 'another-subject' }],
    ['aud', { aud: 'another-client' }],
    ['nonce', { nonce: 'another-nonce' }],
    ['exp', { exp: SECONDS - 61 }],
  ])('is refused if its %s does not match', async (claim, change) => {
    await expect(refreshed({ ...later, ...change })).rejects.toMatchObject(refusal(`its ${claim} `));
  });

  it('is refused without a signature', async () => {
    await expect(refreshed(later, {}, { alg: 'none' })).rejects.toMatchObject(refusal('its alg '));
  });
});

describe('the times of an id_token', () => {
  it('are milliseconds', () => {
    expect(endOfIdToken(good)).toBe(NOW + 3_600_000);
    expect(issuedAt(idTokenOf(good))).toBe(NOW);
  });

  it('can be stored however late it ends', () => {
    expect(new Date(endOfIdToken({ ...good, exp: 1e300 })).getUTCFullYear()).toBe(9999);
  });
});
