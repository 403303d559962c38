import { setMaxListeners } from 'node:events';
import { configureProvider } from '../../../src/config/settings.js';
import type { Account } from '../../../src/domain/account.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { type RefreshDeps, refreshOne } from '../../../src/services/refresh/refresh-one.js';
import { type RetryPolicy, SHORT_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import type { Intent, SealedAccount } from '../../../src/stores/contract.js';
import type { AccountFacts, Contents } from '../../../src/vault/sealed-account.js';
import type { Vault } from '../../../src/vault/vault.js';
import { type Answer, type LocalServer, serve } from '../../doubles/local-server.js';
import { sources } from '../../doubles/settings-sources.js';
import { EXPIRED, openVaultStage, type VaultStage } from '../stage.js';

/** A vault, and a token endpoint that answers as the test says. */
export interface RefreshStage extends VaultStage {
  readonly server: LocalServer;
  /** What `config.json` says about the provider; change it at will. */
  readonly settings: Record<string, unknown>;
  readonly deps: RefreshDeps;
  /** Adds an account at this provider whose token has ended. */
  addExpired(facts?: Partial<AccountFacts>, contents?: Partial<Contents>): Promise<SealedAccount>;
  refresh(account: Account, over?: Over): Promise<RefreshOutcome>;
  /** The refresh tokens the server was sent, in order. */
  sent(): (string | null)[];
  /** The unsettled intent, as another process finds it. */
  intentOf(of: Pick<Account, 'id'>): Promise<Intent | null>;
}

interface Over extends Partial<RefreshDeps> {
  readonly policy?: RetryPolicy;
  readonly vault?: Vault;
  /** A person asked for it by name. */
  readonly evenIfOpen?: boolean;
}

export async function openRefreshStage(answer: Answer): Promise<RefreshStage> {
  const base = await openVaultStage();
  const server = await serve(answer);
  const settings: Record<string, unknown> = {
    title: 'Demo',
    issuer: server.url,
    authorizationEndpoint: `${server.url}/authorize`,
    tokenEndpoint: `${server.url}/token`,
    clientId: 'client-example',
  };
  const deps: RefreshDeps = {
    locks: base.locks,
    http: async () => base.http,
    clock: base.clock,
    audit: base.audit,
    provider: async (name) => configureProvider(name, sources({ config: { providers: { demo: settings } } })),
    spill: base.spill,
    pid: 4711,
    interruption: uninterrupted(),
  };
  return {
    ...base,
    server,
    settings,
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

/** Many may wait on it at once, which Node would take for a leak. */
export function uninterrupted(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}
