import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { type Account, accountName } from '../domain/account.js';
import { createConcurrencyLimit } from '../domain/concurrency-limit.js';
import { SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { childEnv, isClientSetting } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import { command, shellName } from '../domain/hints.js';
import { OWN_PROCESSES } from '../domain/own-processes.js';
import type { RefreshOutcome } from '../domain/status.js';
import { interrupted, OVER } from '../domain/waiting.js';
import type { LoadedKey } from '../keysources/key-memory.js';
import type { Clock, Host } from '../system/contract.js';
import { type RefresherProcess, startRefresherProcess } from '../system/processes/refresher-process.js';
import type { Vault } from '../vault/vault.js';
import {
  DONE,
  interruptedReport,
  isLimited,
  orderLine,
  outcomeOf,
  type RefreshReportLine,
  type RetryPolicyName,
  readPause,
  readReport,
  setupLine,
} from './refresher-protocol.js';

/** A refresher that has reported everything has only its files to close. */
const SHUTDOWN_TIMEOUT = 2 * SECOND;

export interface Order {
  readonly policy: RetryPolicyName;
  /** Sent even while the outcome of an earlier attempt is open: asked for by name, or no usable token is left. */
  readonly evenIfOpen: boolean;
  /** Milliseconds; then the outcome is `busy`, and the process continues in the background. */
  readonly timeout: number;
  /** Called when the provider asks for a pause. */
  readonly onPause?: (milliseconds: number) => void;
}

export interface Refresher {
  /** Starts the process, which loads its code while this command still works. Unused, it ends without having done anything. */
  prepare(): void;
  /** @throws VaultError what the refresher reports without an outcome; the interruption's reason */
  refresh(vault: Vault, account: Account, order: Order): Promise<RefreshOutcome>;
  /** Prints what the command waits for, once even if several refreshes are slow. */
  notice(line: string): void;
  /** Detaches the process when nothing is in flight; the next order starts another. */
  release(): void;
  /**
   * Detaches the process, if one was started. When nothing is in flight it waits for its end, so that no process of a command
   * still uses the vault's folder after the command has ended.
   */
  close(): Promise<void>;
}

interface Waiting {
  report(line: RefreshReportLine): void;
  pause(milliseconds: number): void;
}

/** A process, and the callers that wait for its reports, by account. */
interface Running {
  readonly child: RefresherProcess;
  isSetUp: boolean;
  readonly waiting: Map<string, Waiting>;
  readonly done: Promise<void>;
}

export interface RefresherParts {
  readonly host: Pick<Host, 'self' | 'env'>;
  readonly profile: string | null;
  readonly envFile: string | null;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
  readonly notice: (line: string) => void;
  /** The master key is sent to the process, which cannot prompt and should not ask a keychain again. */
  readonly key: () => Promise<LoadedKey>;
}

/** Sends all refreshes to one refresher process. It starts when the first refresh is requested, or earlier if `prepare` was called. */
export function askRefresher(
  parts: RefresherParts,
  { concurrency }: { readonly concurrency: number },
  start = startRefresherProcess,
): Refresher {
  const { host, profile, clock, interruption } = parts;
  // Any number of accounts may wait at the same time; Node would report more than ten listeners as a leak.
  setMaxListeners(0, interruption);
  /** The limit that the refresher process has too: an order that still waits for it is not reported as slow. */
  const limit = createConcurrencyLimit(concurrency, clock);
  let running: Running | null = null;
  let noticed = false;

  function notice(line: string): void {
    if (!noticed) parts.notice(line);
    noticed = true;
  }

  function started(): Running {
    if (running !== null) return running;
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const child = start(host.self, OWN_PROCESSES.refresher, childEnv(host.env));
    const waiting: Running['waiting'] = new Map();
    running = { child, waiting, isSetUp: false, done: listen(child, waiting) };
    return running;
  }

  /** Loads the key while the process loads its code. */
  async function ready(): Promise<Running> {
    if (started().isSetUp) return started();
    const handed = await parts.key();
    try {
      const own = started();
      if (own.isSetUp) return own;
      const envFile = parts.envFile === null ? null : resolve(parts.envFile);
      own.child.order(
        setupLine({ profile, envFile, concurrency, settings: clientSettings(host.env) }, handed),
      );
      own.isSetUp = true;
      return own;
    } finally {
      handed.key.fill(0);
    }
  }

  async function listen(child: RefresherProcess, waiting: Running['waiting']): Promise<void> {
    for await (const line of child.lines) {
      if (line === DONE) break;
      const report = readReport(line);
      if (report !== null) waiting.get(report.account)?.report(report);
      const paused = report === null ? readPause(line) : null;
      if (paused !== null) waiting.get(paused.account)?.pause(paused.pause);
    }
    if (running?.child === child) running = null;
    for (const [account, { report }] of waiting)
      report({ account, kind: 'transient', error: interruptedReport() });
  }

  function taken(): Running | null {
    const own = running;
    running = null;
    return own;
  }

  async function close(): Promise<void> {
    const own = taken();
    if (own?.isSetUp && own.waiting.size === 0) {
      const over = new AbortController();
      own.child.finish();
      await Promise.race([own.done, clock.sleep(SHUTDOWN_TIMEOUT, over.signal).catch(() => undefined)]);
      over.abort();
    }
    own?.child.detach();
  }

  return {
    prepare: () => void started(),
    async refresh(vault, account, { policy, evenIfOpen, timeout, onPause }) {
      const answered = new AbortController();
      const { child, waiting } = await ready();
      const entered = isLimited(policy) ? limit.enter(answered.signal) : Promise.resolve(null);
      try {
        const report = await Promise.race([
          new Promise<RefreshReportLine>((resolve) => {
            waiting.set(account.id, { report: resolve, pause: (length) => onPause?.(length) });
            child.order(orderLine({ account, policy, evenIfOpen }));
          }),
          interrupted(interruption, answered.signal),
          entered.then(() => refreshTimeout(clock, account, timeout, answered.signal, notice)),
        ]);
        if (report instanceof VaultError) return { kind: 'busy', account, error: report };
        const outcome = outcomeOf(report, (await vault.account(account.id)) ?? account);
        if (outcome instanceof VaultError) throw outcome;
        return outcome;
      } finally {
        waiting.delete(account.id);
        answered.abort(OVER);
        entered.then(
          (end) => end?.(),
          () => undefined,
        );
      }
    },
    release() {
      if (running?.waiting.size === 0) taken()?.child.detach();
    },
    notice,
    close,
  };
}

/** The refresher gets these over its stdin: an environment can be read by the user's other programs. */
function clientSettings(env: Host['env']): Readonly<Record<string, string>> {
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.filter(([name]) => isClientSetting(name)));
}

/* A provider may take two minutes to answer. A command waits for less, and says so. */

/** After this time a notice says what the command waits for. */
export const NOTICE_AFTER = 10 * SECOND;

/** @param left how long the command waits at most from now, in milliseconds */
export function slowNotice(account: Account, left: number): string {
  return `the refresh of ${accountName(account)} takes longer than ${formatDuration(NOTICE_AFTER)}; waiting up to ${formatDuration(left)} more; it continues when you interrupt this command`;
}

/** @param waited milliseconds */
function tooSlow(account: Account, waited: number): VaultError {
  return new VaultError(
    'busy',
    `the refresh of ${accountName(account)} takes longer than ${formatDuration(waited)}: the provider has not answered yet, or the refresher process was stopped`,
    {
      hint: `the refresh continues in the background; try again in a moment: ${command(`token ${shellName(account)}`)}\nto see whether it was stopped: pgrep -af vault`,
    },
  );
}

/**
 * Resolves to the error {@link tooSlow} after a time; for races with a refresh.
 *
 * @param over aborted when the race is decided; after that the promise never settles
 * @param notice called when the wait becomes long
 */
export async function refreshTimeout(
  clock: Clock,
  account: Account,
  timeout: number,
  over: AbortSignal,
  notice: (line: string) => void = () => undefined,
): Promise<VaultError> {
  try {
    await clock.sleep(Math.min(timeout, NOTICE_AFTER), over);
    const left = timeout - NOTICE_AFTER;
    if (left > 0) {
      notice(slowNotice(account, left));
      await clock.sleep(left, over);
    }
  } catch {
    return new Promise<never>(() => {});
  }
  return tooSlow(account, timeout);
}
