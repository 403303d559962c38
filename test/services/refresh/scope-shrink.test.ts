import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY } from '../../../src/domain/duration.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { refreshAll } from '../../../src/services/refresh/refresh-all.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import type { SealedAccount } from '../../../src/stores/contract.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST } from '../token/asking.js';

let stage: TestContext;
let account: SealedAccount;
beforeEach(async () => {
  stage = await testContext();
  account = await stage.add(EXPIRED);
});
afterEach(() => stage.close());

const WARNING =
  'demo/alice@example.com no longer has the scope email, which the provider left out of this refresh; to grant it again: vault login demo/alice@example.com --add-scope email';

/** A refresh that brings these scopes. */
const bringing =
  (grantedScopes: readonly string[], kind: 'refreshed' | 'adopted' = 'refreshed') =>
  async (): Promise<RefreshOutcome> => {
    const current = await stage.account(account);
    const times = { issuedAt: stage.clock.now(), expiresAt: stage.clock.now() + DAY };
    const contents = await stage.vault.contents(current);
    const updated = await stage.vault.update(current, { ...times, grantedScopes }, contents);
    return { kind, account: updated ?? current };
  };

function token(refresh: () => Promise<RefreshOutcome>, request: Partial<TokenRequest> = {}) {
  return ensureValid({ ...stage.ctx, refresh }, { ...REQUEST, minValid: 0, ...request });
}

async function refreshed(refresh: () => Promise<RefreshOutcome>) {
  const request = {
    selectors: [],
    all: true,
    provider: null,
    within: 0,
    force: true,
    dryRun: false,
    concurrency: 1,
  };
  return (await refreshAll({ ...stage.ctx, refresh }, request, () => undefined)).results;
}

describe('a refresh that brings fewer scopes', () => {
  it.each(['refreshed', 'adopted'] as const)('is reported once by the token that was %s', async (kind) => {
    expect((await token(bringing(['openid'], kind))).warning).toBe(WARNING);
    expect((await token(bringing(['openid']), { refresh: true })).warning).toBeNull();
    expect((await token(() => Promise.reject(new Error('must not refresh')))).warning).toBeNull();
  });

  it('fails a token for which the lost scope is needed', async () => {
    await expect(token(bringing(['openid']), { scopes: ['email'] })).rejects.toMatchObject({
      code: 'scope_missing',
      exitCode: 7,
      hint: 'vault login demo/alice@example.com --add-scope email',
    });
  });

  it('is reported beside other warnings about the token', async () => {
    const { warning } = await token(bringing(['openid']), { minValid: 2 * DAY });
    expect(warning).toContain(`${WARNING}; the token of demo/alice@example.com expires in 1d: `);
  });

  it('is in the report of a bulk refresh, once', async () => {
    expect(await refreshed(bringing(['openid']))).toMatchObject([
      { outcome: 'refreshed', error: null, withdrawnScopes: ['email'] },
    ]);
    const [again] = await refreshed(bringing(['openid']));
    expect(again).not.toHaveProperty('withdrawnScopes');
  });

  it('is no shrink if it brings the same scopes or more', async () => {
    expect((await token(bringing(['email', 'openid', 'more']))).warning).toBeNull();
  });
});
