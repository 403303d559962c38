import type { Account } from '../../../src/domain/account.js';
import {
  type RevokeContext,
  type RevokeRequest,
  type RevokeResult,
  revokeAccounts,
} from '../../../src/services/revoke/revoke.js';
import { type LoginTest, loginTest } from '../login/login-test.js';

/** The demo server with one account, `demo/work`. */
export interface RevokeTest extends LoginTest {
  readonly work: Account;
  /** Revokes that account, unless something else is given. */
  revoke(request?: Partial<RevokeRequest>, over?: Partial<RevokeContext>): Promise<readonly RevokeResult[]>;
  /** Whether the account is still in the vault. */
  there(): Promise<boolean>;
}

export async function revokeTest(): Promise<RevokeTest> {
  const base = await loginTest();
  const work = (await base.logIn({ as: 'work' })).account;
  base.events.length = 0;
  return {
    ...base,
    work,
    async revoke(request = {}, over = {}) {
      const usual = { selectors: ['demo/work'], all: false, provider: null, dryRun: false, local: false };
      return (await revokeAccounts({ ...base.ctx, ...over }, { ...usual, ...request })).results;
    },
    there: async () => (await base.vault.account(work.id)) !== null,
  };
}
