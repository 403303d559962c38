/*
 * The use cases that commands do not call themselves yet, over a Context.
 */
import { type Context, type ContextOptions, createContext } from './context.js';
import type { TokenRequest, UseCases } from './services/contract.js';
import { ensureValid } from './services/token/ensure-valid.js';
import type { Host } from './system/contract.js';
import { agentWith } from './wiring/agent.js';
import { backgroundWith } from './wiring/background.js';
import { backupUseCases } from './wiring/backup.js';
import { childrenWith } from './wiring/children.js';
import { integrityWith } from './wiring/integrity.js';
import { refreshingWith } from './wiring/refreshing.js';

/** The use cases, and the other side of a refresher process. */
export interface App extends Context, UseCases {
  /** Carries out the orders of the process that started this one. @param width how many may be in flight */
  serveRefreshes(width: number, orders: AsyncIterable<string>, print: (line: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** @throws VaultError `config_invalid` when the places of the files make no sense */
export function createApp(host: Host, options: ContextOptions): App {
  const ctx = createContext(host, options);
  const { env, interruption, self, pid, versions } = host;
  const { paths, files, locks, clock, audit, http, provider, access, readText, profile, envFile } = ctx;
  const describe = ctx.providerOrNull;
  const key = access.handOver;
  const refreshingParts = { host, profile, envFile, paths, files, locks, clock, audit, http, provider, key };
  const notice = (line: string) => options.notice(line);
  const refreshing = refreshingWith({ ...refreshingParts, notice });
  const wire = { spill: refreshing.spill, locks, http, clock, audit, provider, interruption };

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
    detail: ctx.detail,
  });

  const tokenAlone = telling((request: TokenRequest) =>
    ensureValid(
      {
        vault: access.open,
        clock,
        refresh: (vault, account, tokenAtHand) =>
          refreshing.one(vault, account, tokenAtHand ? 'none' : 'short'),
        scopeAliases,
        audit,
      },
      request,
    ),
  );
  const token = tokenBy(tokenAlone);

  async function rest(): Promise<void> {
    await refreshing.close();
    await ctx.release();
  }

  return {
    ...ctx,
    token,
    ...backupUseCases(ctx),
    ...agent,
    ...background,
    ...childrenWith({ host, token, rest }),
    ...integrityWith({ vault: access.open, audit }),

    async refresh(request, progress) {
      const { refreshAll } = await import('./services/refresh/refresh-all.js');
      if (!request.dryRun) await refreshing.takeInAll(access.open);
      const refresh = refreshing.many(request.concurrency);
      const report = await refreshAll({ ...wire, vault: access.open, refresh }, request, progress);
      if (!request.dryRun) await notifyDue();
      return report;
    },

    async doctor(request, progress) {
      const { doctorWith } = await import('./wiring/health.js');
      const running = () => agent.agentStatus().catch(() => null);
      return doctorWith({ host, profile, envFile, paths, clock, http, agent: running })(request, progress);
    },

    async serveRefreshes(width, orders, print) {
      const { serveRefreshes } = await import('./services/refresh/refresher-server.js');
      await serveRefreshes(
        { vault: access.open, refresh: refreshing.here(width), release: rest, print },
        orders,
      );
    },

    async close() {
      await rest();
      await ctx.close();
    },
  };
}
