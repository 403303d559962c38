import { afterEach, describe, expect, it } from 'vitest';
import { json } from '../../doubles/local-server.js';
import { inTurn, renewed } from '../../doubles/token-endpoint.js';
import { openRefreshStage, type RefreshStage } from './refreshing.js';

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

let stage: RefreshStage;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await openRefreshStage(inTurn(...answers));
};
afterEach(() => stage.close());

describe('an answer with a refresh token that is none', () => {
  it.each(ODD)('(%j) gives its access token, and the account keeps the refresh token it has', async (odd) => {
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

  it('costs a login where the server takes the old one no more, and nothing is thrown away', async () => {
    await open(renewed({ refresh_token: 'a\nb' }), json(400, { error: 'invalid_grant' }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    const outcome = await stage.refresh(await stage.account(account));
    expect(outcome).toMatchObject({ kind: 'login_needed' });
    expect(await stage.tokens(account)).toMatchObject({ refresh: 'refresh-token-example' });
  });
});

describe('an answer with an access token that is none', () => {
  it.each(ODD)('(%j) is not stored, and the refresh token beside it is', async (odd) => {
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

  it('and no refresh token leaves the account as it was', async () => {
    await open(renewed({ access_token: 'a\r\nb', refresh_token: undefined }));
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({ kind: 'transient' });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-example',
      refresh: 'refresh-token-example',
    });
  });
});
