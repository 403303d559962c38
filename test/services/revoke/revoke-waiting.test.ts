import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { Secret } from '../../../src/domain/secret.js';
import type { RevokeContext } from '../../../src/services/revoke/revoke.js';
import type { HttpRequest } from '../../../src/system/contract.js';
import { leaveAnswer, leaveDamaged } from '../../harness/leave-answer.js';
import { type RevokeTest, revokeTest } from './revoke-test.js';

let stage: RevokeTest;
let account: Account;
beforeEach(async () => {
  stage = await revokeTest();
  account = stage.work;
});
afterEach(() => stage.close());

const revoke = (over: Partial<RevokeContext> = {}) => stage.revoke({}, over);

/** The client, and the tokens that it is given to revoke. */
function listening() {
  const sent: (string | null)[] = [];
  const http = async () => ({
    ...stage.http,
    send: (request: HttpRequest) => {
      sent.push(new URLSearchParams(request.body).get('token'));
      return stage.http.send(request);
    },
  });
  return { sent, http };
}

describe('revoking an account whose refresh token may no longer work', () => {
  it('stores a spilled answer first, and sends the newest refresh token', async () => {
    await leaveAnswer(stage, await stage.account(account), 'refresh-token-waiting');
    const { sent, http } = listening();
    expect(await revoke({ http })).toMatchObject([{ outcome: 'revoked' }]);
    expect(sent.filter((token) => token !== null)).toEqual(['refresh-token-waiting']);
    expect(stage.spill.all()).toEqual([]);
  });

  it('stores a spilled login that has no account yet', async () => {
    const current = await stage.account(account);
    const [refreshToken, accessToken] = [new Secret('refresh-token-login'), new Secret('access-token-login')];
    const at = stage.clock.now() + 1;
    const contents = { ...(await stage.vault.contents(current)), refreshToken, accessToken };
    const consent = { at, how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    const login = { as: null, only: null, facts: { ...current, issuedAt: at }, contents, consent };
    const accountId = '00000000-0000-4000-8000-00000000000a';
    const sealed = await stage.vault.sealLogin(accountId, login);
    stage.spill.reserve().write({ accountId, generation: null, sealed });
    const { sent, http } = listening();
    expect(await revoke({ http })).toMatchObject([{ outcome: 'revoked' }]);
    expect(sent.filter((token) => token !== null)).toEqual(['refresh-token-login']);
    expect(stage.spill.all()).toEqual([]);
    expect(await stage.vault.accounts()).toEqual([]);
  });

  it('reports that the grant may remain if the newest refresh token may be another', async () => {
    const current = await stage.account(account);
    leaveDamaged(stage, current);
    expect(await revoke()).toMatchObject([
      {
        outcome: 'forgotten',
        reason:
          'its token was revoked, and it is removed here; the grant may still exist, because an answer that is kept beside the vault and cannot be opened may hold a newer token',
      },
    ]);
    expect(stage.spill.all()).toHaveLength(1);
    expect(stage.events).toMatchObject([{ event: 'forgotten' }]);
  });

  it('reports the same if the answer to a refresh was lost', async () => {
    const current = await stage.account(account);
    const { refreshToken } = await stage.vault.contents(current);
    if (refreshToken === null) throw new Error('there is a refresh token');
    await stage.vault.intend(current, refreshToken, Date.UTC(2026, 0, 2), 1);
    expect(await revoke()).toMatchObject([
      { outcome: 'forgotten', reason: expect.stringContaining('its refresh of 2026-01-02T00:00:00.000Z') },
    ]);
  });
});
