import { afterEach, describe, expect, it } from 'vitest';
import { json } from '../../doubles/local-server.js';
import { inTurn, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

/** Tokens that would break out of a header, act on a terminal, or are not what RFC 6749 Appendix A calls one. */
const ODD = [
  'a\r\nX-Injected: b',
  'a\nb',
  'a\u0000b',
  'a\u001b]52;c;b\u0007',
  'ä',
  'a\u202eb',
  '\ud83d',
  'a'.repeat(16_385),
];

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
afterEach(() => stage.close());

describe('an answer with an invalid refresh token', () => {
  it.each(ODD)('(%j) gives its access token, and the account keeps its refresh token', async (odd) => {
    await open(renewed({ refresh_token: odd }), renewed());
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refreshed', account: { status: 'active' } });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-renewed',
      refresh: 'refresh-token-example',
    });
    expect(await stage.refresh(await stage.account(account))).toMatchObject({ kind: 'refreshed' });
    expect(stage.sent()).toEqual(['refresh-token-example', 'refresh-token-example']);
  });

  it('requires a login if the server has replaced the old one, and deletes nothing', async () => {
    await open(renewed({ refresh_token: 'a\nb' }), json(400, { error: 'invalid_grant' }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    const outcome = await stage.refresh(await stage.account(account));
    expect(outcome).toMatchObject({ kind: 'login_needed' });
    expect(await stage.tokens(account)).toMatchObject({ refresh: 'refresh-token-example' });
  });
});

describe('an answer with an invalid access token', () => {
  it.each(ODD)('(%j) is not stored, but the refresh token beside it is', async (odd) => {
    await open(renewed({ access_token: odd }));
    const account = await stage.addExpired();
    const outcome = await stage.refresh(account);
    expect(outcome).toMatchObject({ error: { code: 'provider_answer_invalid' } });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-example',
      refresh: 'refresh-token-renewed',
    });
    expect(JSON.stringify(outcome)).not.toContain('X-Injected');
  });

  it('and no refresh token does not change the account', async () => {
    await open(renewed({ access_token: 'a\r\nb', refresh_token: undefined }));
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({ kind: 'transient' });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-example',
      refresh: 'refresh-token-example',
    });
  });
});
