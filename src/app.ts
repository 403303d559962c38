/*
 * START HERE. This file wires the whole program; its order is the architecture.
 *
 *   bin/vault.js      checks the Node version, calls main
 *   main.ts           the only file that touches `process`: argv in, exit code out
 *   refresher.ts      the process that talks to token endpoints, out of reach of signals (wiring/refreshing.ts wires it)
 *   fast-lane.ts      reads plain command lines; program.ts (commander) reads all others and explains mistakes
 *   wiring/           what this file is too small for, one file a part
 *   commands/         a command line becomes one input, one use case is called, one result is printed
 *   services/         the use cases: token/ensure-valid is the heart, refresh/refresh-one loses no token
 *   vault/            seals and opens records: the only place where keys meet stored bytes
 *   oauth/            the wire, one file an RFC; a provider is only data to it
 *   config/           what the user has set: config.json, .env, environment
 *   providers/ keysources/ stores/ health/   axes: a contract, a list, one file a member
 *   crypto/           bytes in, bytes out
 *   system/           the outside world: files, clock, HTTP, browser, keychain
 *   audit/ ui/ demo/  the trail, the terminal, the embedded authorization server; domain/ the words all share, pure
 *
 * Imports go down only, and here and in wiring/ alone the outer parts (stores, keysources, providers, system, health,
 * demo) are imported for their values; everyone else knows their contracts. What a valid token does not need is loaded
 * when first called: `vault token` in a script should cost little more than Node itself.
 */
import { setMaxListeners } from 'node:events';
import { once } from './domain/once.js';
import type { Provider } from './providers/contract.js';
import type { TokenRequest, UseCases } from './services/contract.js';
import type { HandedKey } from './services/refresh/refresher-protocol.js';
import { ensureValid } from './services/token/ensure-valid.js';
import { sqliteLocks } from './stores/locks.js';
import { sqliteFactory } from './stores/sqlite-factory.js';
import { systemClock as clock } from './system/clock.js';
import type { Host } from './system/contract.js';
import { createFiles } from './system/files/files.js';
import { resolvePaths } from './system/paths.js';
import { agentWith } from './wiring/agent.js';
import { auditWith } from './wiring/audit.js';
import { backgroundWith } from './wiring/background.js';
import { childrenWith } from './wiring/children.js';
import { httpWith } from './wiring/http.js';
import { integrityWith } from './wiring/integrity.js';
import { keysWith } from './wiring/keys.js';
import { refreshingWith } from './wiring/refreshing.js';

const CONFIG_LIMIT = 1024 * 1024;

export interface AppOptions {
  readonly profile: string | null;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile: string | null;
  /** Something a person should know though nothing failed; for stderr. */
  readonly notice: (line: string, hint?: string) => void;
  /** Something only a person who looks for it wants to know; for stderr. */
  readonly detail?: (line: string) => void;
  /** The vault's master key, when the process that started this one has handed it over. */
  readonly handed?: HandedKey | null;
}

/** The use cases, and the other side of a refresher process. */
export interface App extends UseCases {
  /** Carries out the orders of the process that started this one. @param width how many may be in flight */
  serveRefreshes(width: number, orders: AsyncIterable<string>, print: (line: string) => void): Promise<void>;
}

/** @throws VaultError `config_invalid` when the places of the files make no sense */
export function createApp(host: Host, options: AppOptions): App {
  const { env, interruption, self, pid, versions } = host;
  // Any number of accounts may wait at the same time; more than ten would count as a leak and be told on stderr.
  setMaxListeners(0, interruption);
  const paths = resolvePaths(host, options.profile);
  const files = createFiles(host, options.notice);
  const locks = sqliteLocks(paths.locks, files, clock);
  const factory = sqliteFactory(paths, files, clock);
  const { audit, events, trailOf } = auditWith({ host, paths, files, clock, notice: options.notice });
  const readText = (path: string) => files.read(path, CONFIG_LIMIT)?.toString('utf8') ?? null;

  const { access, forgetKeys, ...keys } = keysWith({
    host,
    profile: options.profile,
    paths,
    files,
    factory,
    locks,
    clock,
    audit,
    events,
    readText,
    notice: options.notice,
    handed: options.handed ?? null,
  });

  const settings = once(async () => {
    const [{ loadSettings }, { catalogue }] = await Promise.all([
      import('./config/load.js'),
      import('./providers/index.js'),
    ]);
    return loadSettings({ env, paths, envFile: options.envFile, catalogue, readText });
  });

  const provider = async (name: string) => {
    const { configureProvider } = await import('./config/settings.js');
    return configureProvider(name, await settings());
  };

  /** What is known of a provider that may not be configured (any more). */
  async function describe(name: string): Promise<Provider | null> {
    const { providerNames, resolveProvider } = await import('./config/settings.js');
    const sources = await settings();
    return providerNames(sources).includes(name) ? resolveProvider(name, sources).provider : null;
  }

  const http = httpWith(host, settings);

  const { profile, envFile } = options;
  const key = access.handOver;
  const refreshingParts = { host, profile, envFile, paths, files, locks, clock, audit, http, provider, key };
  const notice = (line: string) => options.notice(line);
  const refreshing = refreshingWith({ ...refreshingParts, notice });
  const { slowDown, ...trail } = trailOf(access.open, () => agent.agentStatus());
  const wire = { spill: refreshing.spill, locks, http, clock, audit, provider, interruption, slowDown };

  const { notifyDue, telling, ...background } = backgroundWith({
    host,
    envFile,
    paths,
    clock,
    audit,
    vault: access.open,
    grantLimits: async (name) => (await describe(name))?.grantLimits ?? [],
    readText,
    notice: options.notice,
  });

  const scopeAliases = async (name: string) => (await describe(name))?.scopeAliases ?? {};
  const { tokenBy, ...agent } = agentWith({
    host,
    envFile,
    paths,
    files,
    locks,
    clock,
    audit,
    access,
    scopeAliases,
    refreshing(waiting) {
      const waiter = { env, self, pid, versions, interruption: waiting };
      return refreshingWith({ ...refreshingParts, host: waiter });
    },
    notify: notifyDue,
    detail: options.detail ?? (() => undefined),
  });

  const tokenAlone = telling((request: TokenRequest) =>
    ensureValid(
      {
        vault: access.open,
        clock,
        refresh: (vault, account, tokenAtHand) =>
          refreshing.one(vault, account, tokenAtHand ? 'once' : 'brief'),
        scopeAliases,
        audit,
      },
      request,
    ),
  );
  const token = tokenBy(tokenAlone);

  async function rest(): Promise<void> {
    await refreshing.close();
    await access.close();
    forgetKeys();
  }

  return {
    token,
    ...keys,
    ...agent,
    ...background,
    ...trail,
    ...childrenWith({ host, token, rest }),
    ...integrityWith({ vault: access.open, audit }),

    async list(request) {
      const { listAccounts } = await import('./services/overview/overview.js');
      return listAccounts({ vault: access.open, clock }, request);
    },

    async show(selector) {
      const { showAccount } = await import('./services/overview/overview.js');
      return showAccount({ vault: access.open, describe, locks }, selector);
    },

    async refresh(request, progress) {
      const { refreshAll } = await import('./services/refresh/refresh-all.js');
      if (!request.dryRun) await refreshing.takeInAll(access.open);
      const refresh = refreshing.many(request.concurrency);
      const report = await refreshAll({ ...wire, vault: access.open, refresh }, request, progress);
      if (!request.dryRun) await notifyDue();
      return report;
    },

    async revocationTargets(request) {
      const { revocationTargets } = await import('./services/revoke/revoke.js');
      return revocationTargets(access.open, request);
    },

    async revoke(request) {
      const { revokeAccounts } = await import('./services/revoke/revoke.js');
      return revokeAccounts({ ...wire, vault: access.open }, request);
    },

    async planLogin(request) {
      const { planLogin } = await import('./services/login/login-plan.js');
      return planLogin({ ...wire, vault: access.open }, request);
    },

    async login(request, talk) {
      const [{ login }, { loginPlace }] = await Promise.all([
        import('./services/login/login.js'),
        import('./wiring/login.js'),
      ]);
      return login({ ...wire, vault: access.openOrCreate, ...loginPlace(host) }, request, talk);
    },

    async providers(name) {
      const { providerOverview } = await import('./services/overview/provider-overview.js');
      return providerOverview(await settings(), name);
    },

    async doctor(request, progress) {
      const { doctorWith } = await import('./wiring/health.js');
      const running = () => agent.agentStatus().catch(() => null);
      return doctorWith({ host, profile, envFile, paths, clock, http, agent: running })(request, progress);
    },

    async serveRefreshes(width, orders, print) {
      const { serveRefreshes } = await import('./services/refresh/serve-refreshes.js');
      await serveRefreshes({ vault: access.open, refresh: refreshing.here(width), rest, print }, orders);
    },

    async close() {
      await rest();
      if (http.called) await (await http()).close();
    },
  };
}
