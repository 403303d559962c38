import type { Account } from '../../src/domain/account.js';
import type { SealedAccount } from '../../src/stores/contract.js';
import { accountExample } from './account.js';

/** The nth of many accounts, as a store sees it: its sealed fields are any bytes. */
export function sealedExample(n: number, given: Partial<Account> = {}): SealedAccount {
  const account = accountExample({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    label: `person-${n}@example.com`,
    subjectDigest: String(n).padStart(64, '0'),
    ...given,
  });
  return {
    ...account,
    sealed: {
      accessToken: Buffer.from(`sealed access token ${n}`),
      refreshToken: account.hasRefreshToken ? Buffer.from(`sealed refresh token ${n}`) : null,
      identity: Buffer.from(`sealed identity ${n}`),
      idToken: null,
    },
  };
}
