import type { Account } from '../../../src/domain/account.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { type RefreshDeps, refreshOne } from '../../../src/services/refresh/refresh-one.js';
import { type RetryPolicy, SHORT_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import type { Intent, SealedAccount } from '../../../src/stores/contract.js';
import type { AccountFacts, Contents } from '../../../src/vault/sealed-account.js';
import type { Vault } from '../../../src/vault/vault.js';
import { type Answer, type LocalServer, serve } from '../../doubles/local-server.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';

/** A vault, and a token endpoint that answers as the test says. */
export interface RefreshTest extends TestContext {
  readonly server: LocalServer;
  readonly deps: RefreshDeps;
  /** Adds an account at this provider whose token has expired. */
  addExpired(facts?: Partial<AccountFacts>, contents?: Partial<Contents>): Promise<SealedAccount>;
  refresh(account: Account, over?: Over): Promise<RefreshOutcome>;
  /** The refresh tokens that the server received, in order. */
  sent(): (string | null)[];
  /** The unsettled intent, as another process finds it. */
  intentOf(of: Pick<Account, 'id'>): Promise<Intent | null>;
}

interface Over extends Partial<RefreshDeps> {
  readonly policy?: RetryPolicy;
  readonly vault?: Vault;
  /** The user named the account. */
  readonly evenIfOpen?: boolean;
}

export async function refreshTest(answer: Answer): Promise<RefreshTest> {
  const base = await testContext();
  const server = await serve(answer);
  Object.assign(base.settings, {
    title: 'Demo',
    issuer: server.url,
    authorizationEndpoint: `${server.url}/authorize`,
    tokenEndpoint: `${server.url}/token`,
    clientId: 'client-example',
  });
  const deps: RefreshDeps = { ...base.ctx, spill: base.spill, pid: 4711 };
  return {
    ...base,
    server,
    deps,
    addExpired: (facts, contents) =>
      base.add({ ...EXPIRED, issuer: server.url, tokenEndpoint: `${server.url}/token`, ...facts }, contents),
    refresh: (account, { policy = SHORT_RETRIES, vault = base.vault, evenIfOpen = false, ...over } = {}) =>
      refreshOne({ ...deps, ...over }, vault, account, policy, evenIfOpen),
    sent: () => server.received.map(({ body }) => new URLSearchParams(body).get('refresh_token')),
    async intentOf({ id }) {
      const store = await base.factory.open();
      try {
        return await store.intent(id);
      } finally {
        await store.close();
      }
    },
    async close() {
      await server.close();
      await base.close();
    },
  };
}
