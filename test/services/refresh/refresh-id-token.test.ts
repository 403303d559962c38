import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { SealedAccount } from '../../../src/stores/contract.js';
import { idTokenOf } from '../../doubles/id-token.js';
import { NOW } from '../../doubles/terminal.js';
import { renewed } from '../../doubles/token-endpoint.js';
import { ALICE } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
/** The id_token that the server sends; null: none. */
let sent: string | null;
beforeEach(async () => {
  sent = null;
  stage = await refreshTest((response, request) =>
    renewed(sent === null ? {} : { id_token: sent })(response, request),
  );
});
afterEach(() => stage.close());

const claims = (more: object = {}) => ({
  iss: stage.server.url,
  aud: 'client-example',
  sub: ALICE.subject,
  iat: NOW / SECOND,
  exp: (NOW + HOUR) / SECOND,
  ...more,
});
const idToken = (more: object = {}) => idTokenOf(claims(more));
const stored = () => ({ token: idToken({ nonce: 'of the login' }), expiresAt: NOW + HOUR });

async function idTokenIn(account: SealedAccount) {
  const found = (await stage.vault.contents(await stage.account(account))).idToken;
  return found && { token: found.token.reveal(), expiresAt: found.expiresAt };
}

describe('the id_token of a refresh', () => {
  it('replaces the stored one', async () => {
    const account = await stage.addExpired({}, { idToken: stored() });
    const later = idToken({ exp: (NOW + 2 * HOUR) / SECOND });
    sent = later.reveal();
    expect(await stage.refresh(account)).not.toHaveProperty('warning');
    expect(await idTokenIn(account)).toEqual({ token: later.reveal(), expiresAt: NOW + 2 * HOUR });
    expect((await stage.account(account)).idTokenExpiresAt).toBe(NOW + 2 * HOUR);
  });

  it('is stored for an account that had none, if it is about the same user', async () => {
    const account = await stage.addExpired();
    sent = idToken().reveal();
    await stage.refresh(account);
    expect(await idTokenIn(account)).toEqual({ token: sent, expiresAt: NOW + HOUR });
  });

  it('may be missing: then the stored one stays', async () => {
    const account = await stage.addExpired({}, { idToken: stored() });
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(await idTokenIn(account)).toEqual({ token: stored().token.reveal(), expiresAt: NOW + HOUR });
  });

  it.each([
    ['another user', { sub: 'subject-of-another' }, 'its sub is not as expected'],
    ['another issuer', { iss: 'https://evil.example' }, 'its iss is not as expected'],
    ['another client', { aud: 'another-client' }, 'its aud is not as expected'],
    ['another login', { nonce: 'of another login' }, 'its nonce is not as expected'],
  ])('is not stored if it is of %s, and the other tokens are', async (_, more, why) => {
    const account = await stage.addExpired({}, { idToken: stored() });
    sent = idToken(more).reveal();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'refreshed',
      warning: expect.stringContaining(why),
    });
    expect(await idTokenIn(account)).toEqual({ token: stored().token.reveal(), expiresAt: NOW + HOUR });
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
  });

  it('is not stored for an account that had none, if it is about another user', async () => {
    const account = await stage.addExpired();
    sent = idToken({ sub: 'subject-of-another' }).reveal();
    expect(await stage.refresh(account)).toMatchObject({
      warning: expect.stringContaining('the id_token is about another user'),
    });
    expect(await idTokenIn(account)).toBeNull();
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
  });

  it('is ignored if openid was not requested', async () => {
    const account = await stage.addExpired({ askedScopes: ['email'] });
    sent = idToken({ sub: 'subject-of-another' }).reveal();
    expect(await stage.refresh(account)).not.toHaveProperty('warning');
    expect(await idTokenIn(account)).toBeNull();
  });

  it('waits beside the vault with an answer that the database cannot store', async () => {
    const account = await stage.addExpired({}, { idToken: stored() });
    sent = idToken({ exp: (NOW + 2 * HOUR) / SECOND }).reveal();
    const full = new VaultError('vault_not_writable', 'the disk is full');
    const vault = { ...stage.vault, update: () => Promise.reject(full) };
    await expect(stage.refresh(account, { vault })).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect(await idTokenIn(account)).toEqual({ token: sent, expiresAt: NOW + 2 * HOUR });
    expect(stage.sent()).toHaveLength(1);
  });
});
