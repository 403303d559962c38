import { setMaxListeners } from 'node:events';
import { join, resolve } from 'node:path';
import type { Audit } from '../audit/events.js';
import { randomId } from '../crypto/derive.js';
import type { Account } from '../domain/account.js';
import { once } from '../domain/async.js';
import { SECOND } from '../domain/duration.js';
import { OWN_PROCESSES } from '../domain/entry-points.js';
import { childEnv, isClientSetting } from '../domain/environment.js';
import type { RefreshOutcome } from '../domain/status.js';
import type { LoadedKey } from '../keysources/key-memory.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { RetryPolicyName } from '../services/refresh/refresh-send.js';
import type { SeenAccount } from '../services/refresh/refresher-protocol.js';
import type { Locks } from '../stores/locks.js';
import type { Spill } from '../stores/spill.js';
import type { Clock, Files, Host, Http, Paths } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';

/*
 * How app.ts wires refreshing. A command asks; a refresher process, which it starts, does the work. Both sides stand here,
 * and both are loaded when first needed: a valid token needs neither.
 */

export interface RefreshingParts {
  readonly host: Pick<Host, 'env' | 'self' | 'pid' | 'versions' | 'interruption'>;
  readonly profile: string | null;
  readonly envFile: string | null;
  readonly paths: Paths;
  readonly files: Files;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly http: () => Promise<Http>;
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  /** The vault's master key, for a refresher process; loaded when it has not been. */
  readonly key: () => Promise<LoadedKey>;
  /** Told of a wait that becomes long; left out: nobody is. */
  readonly notice?: (line: string) => void;
}

export interface Refreshing {
  /** Through a refresher process; of several commands that ask for one account at once, one starts it. */
  one(vault: Vault, account: Account, policy: RetryPolicyName): Promise<RefreshOutcome>;
  /** Through one refresher process for all of them. @param width how many at a time */
  many(width: number): (vault: Vault, account: Account, forced?: boolean) => Promise<RefreshOutcome>;
  /** In this very process, which is a refresher. */
  here(
    width: number,
  ): (vault: Vault, seen: SeenAccount, policy: RetryPolicyName, forced: boolean) => Promise<RefreshOutcome>;
  /** Where answers wait that the database could not take, with room for those of this process. */
  readonly spill: () => Promise<Spill>;
  /** Stores what waits there, but for what another process holds. */
  takeInAll(vault: () => Promise<Vault | null>): Promise<void>;
  /** Lets go of the refresher process while nobody needs one. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export function refreshingWith(parts: RefreshingParts): Refreshing {
  const { host, paths, files, locks, clock } = parts;
  const { interruption } = host;
  // Any number of accounts may wait at the same time; more than ten would count as a leak and be told on stderr.
  setMaxListeners(0, interruption);
  let width = 1;
  let told = false;
  // Of many that are slow, one is enough to know what is waited for.
  const notice = (line: string) => {
    if (!told) parts.notice?.(line);
    told = true;
  };

  const asker = once(async () => {
    const [{ askRefresher }, { startRefresherProcess }, { setupLine }] = await Promise.all([
      import('../services/refresh/refresher-client.js'),
      import('../system/processes/refresher-process.js'),
      import('../services/refresh/refresher-protocol.js'),
    ]);
    const begin = (handed: LoadedKey) => {
      const { child, setup } = start(startRefresherProcess);
      child.order(setupLine(setup, handed));
      return child;
    };
    return askRefresher({ key: parts.key, start: begin, clock, notice, interruption });
  });

  function start(
    startProcess: typeof import('../system/processes/refresher-process.js').startRefresherProcess,
  ) {
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const isSet = (entry: [string, string | undefined]): entry is [string, string] => entry[1] !== undefined;
    const given = Object.entries(host.env).filter(isSet);
    // Of these it learns over its stdin; an environment can be read by the user's other programs.
    const settings = Object.fromEntries(given.filter(([name]) => isClientSetting(name)));
    const envFile = parts.envFile === null ? null : resolve(parts.envFile);
    const child = startProcess(host.self, OWN_PROCESSES.refresher, childEnv(host.env));
    return { child, setup: { profile: parts.profile, envFile, concurrency: width, settings } };
  }

  const spill = once(async () => {
    const { spillFolder } = await import('../stores/spill.js');
    const folder = join(paths.data, 'spill');
    return spillFolder({ folder, files, clock, name: `${host.pid}-${randomId()}`, slots: width });
  });

  const addonNoted = once(async () => (await import('../access/addon.js')).noteAddon(parts));
  const outageOf = once(async () => (await import('../services/refresh/refresh-send.js')).outages());

  return {
    async one(vault, account, policy) {
      const [{ outcomeElsewhere }, { RETRY_POLICIES }, { takeTurn }] = await Promise.all([
        import('../services/refresh/refresh-failure.js'),
        import('../services/refresh/refresh-send.js'),
        import('../services/refresh/refresher-client.js'),
      ]);
      const { lockTimeout, timeout } = RETRY_POLICIES[policy];
      const begun = clock.elapsed();
      const turn = await takeTurn({ locks, interruption, notice }, account, lockTimeout);
      try {
        const now = await vault.account(account.id);
        const open = await vault.intent(account.id);
        const settled = now === null ? null : outcomeElsewhere(account, now, open, clock.now());
        if (settled !== null) return settled;
        // Without a token at hand, or when a new one is wanted whatever the clock says, it is sent whatever is open.
        const forced = policy !== 'none';
        const left = Math.max(timeout - (clock.elapsed() - begun), SECOND);
        return await (await asker()).refresh(vault, account, policy, forced, left);
      } finally {
        await turn.release();
      }
    },

    many(wanted) {
      width = wanted;
      return async (vault, account, forced = false) =>
        (await asker()).refresh(vault, account, 'long', forced);
    },

    here(wanted) {
      width = wanted;
      return async (vault, seen, policy, forced) => {
        const [{ refreshOne }, { RETRY_POLICIES }, outage] = await Promise.all([
          import('../services/refresh/refresh-one.js'),
          import('../services/refresh/refresh-send.js'),
          outageOf(),
          addonNoted(),
        ]);
        const deps = { ...parts, pid: host.pid, interruption, spill: await spill(), outage };
        return refreshOne(deps, vault, seen, RETRY_POLICIES[policy], forced);
      };
    },

    spill,
    async takeInAll(vault) {
      const { takeInAll } = await import('../services/login/waiting-logins.js');
      await takeInAll({ locks, interruption, vault, spill: await spill() }, 0);
    },

    async rest() {
      if (asker.called) (await asker()).release();
    },

    async close() {
      if (asker.called) await (await asker()).close();
      if (spill.called) (await spill()).close();
    },
  };
}
