import { HOUR, MINUTE } from '../../../src/domain/duration.js';
import { Secret } from '../../../src/domain/secret.js';
import type { EnsureValidContext } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import type { AccountFacts } from '../../../src/vault/sealed-account.js';
import type { TestContext } from '../../harness/test-context.js';

export type Refresh = EnsureValidContext['refresh'];

/** What `vault token` asks for without options. */
export const REQUEST: TokenRequest = {
  selector: null,
  minValid: 5 * MINUTE,
  scopes: [],
  refresh: false,
  withIdentity: false,
};

export const never: Refresh = () => Promise.reject(new Error('nothing must be refreshed here'));

/** Stores another token, as a refresh does. */
export const renewing =
  (
    { account, clock }: TestContext,
    change: Partial<AccountFacts> = {},
    token = 'access-token-renewed',
  ): Refresh =>
  async (vault, of) => {
    const before = await account(of);
    const contents = { ...(await vault.contents(before)), accessToken: new Secret(token) };
    const times = { issuedAt: clock.now(), expiresAt: clock.now() + HOUR, ...change };
    return { kind: 'refreshed', account: (await vault.update(before, times, contents)) ?? before };
  };
