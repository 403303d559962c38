import { type Account, accountName } from '../../domain/account.js';
import { interrupted } from '../../domain/async.js';
import { formatDuration, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { shellName } from '../../domain/hints.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { LoadedKey } from '../../keysources/key-memory.js';
import type { Lock, Locks } from '../../stores/locks.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { RETRY_POLICIES, type RetryPolicyName } from './refresh-send.js';
import {
  DONE,
  INTERRUPTED_REPORT,
  orderLine,
  outcomeOf,
  type RefreshReportLine,
  readReport,
} from './refresher-protocol.js';

/** A refresher that has reported everything has only its files to close. */
const SHUTDOWN_TIMEOUT = 2 * SECOND;

/** A refresher process, seen from the command that started it. */
export interface RefresherProcess {
  order(line: string): void;
  /** Its output, until it ends or is detached. */
  readonly lines: AsyncIterable<string>;
  /** Sends no more orders: the process ends when it has reported on all it has. */
  finish(): void;
  /** Lets it finish what is in flight by itself. */
  detach(): void;
}

export interface Refresher {
  /**
   * @param timeout milliseconds; then the outcome is `busy`, and the process continues by itself
   * @throws VaultError what the refresher reports without an outcome; the interruption's reason
   */
  refresh(
    vault: Vault,
    account: Account,
    policy: RetryPolicyName,
    forced: boolean,
    timeout?: number,
  ): Promise<RefreshOutcome>;
  /** Detaches the process when nothing is in flight; the next order starts another. */
  release(): void;
  /**
   * Detaches the process, if one was started. When nothing is in flight it waits for its end, so that no process of a command
   * still uses the vault's folder after the command has ended.
   */
  close(): Promise<void>;
}

/** A process, and the callers that wait for its reports, by account. */
interface Running {
  readonly child: RefresherProcess;
  readonly waiting: Map<string, (report: RefreshReportLine) => void>;
  readonly done: Promise<void>;
}

export interface AskDeps {
  /** The master key is sent to the process, which cannot prompt and should not ask a keychain again. */
  readonly key: () => Promise<LoadedKey>;
  readonly start: (key: LoadedKey) => RefresherProcess;
  readonly clock: Clock;
  /** Called when a wait becomes long. */
  readonly notice?: (line: string) => void;
  readonly interruption: AbortSignal;
}

/** Refreshes through one refresher process, which is started with the first order. */
export function askRefresher(deps: AskDeps): Refresher {
  let running: Running | null = null;

  function started(handed: LoadedKey): Running {
    try {
      if (running !== null) return running;
      const own = { child: deps.start(handed), waiting: new Map() };
      running = { ...own, done: listen(own) };
      return running;
    } finally {
      handed.key.fill(0);
    }
  }

  async function listen({ child, waiting }: Omit<Running, 'done'>): Promise<void> {
    for await (const line of child.lines) {
      if (line === DONE) break;
      const report = readReport(line);
      if (report !== null) waiting.get(report.account)?.(report);
    }
    if (running?.child === child) running = null;
    for (const [account, answer] of waiting)
      answer({ account, kind: 'transient', error: INTERRUPTED_REPORT });
  }

  function taken(): Running | null {
    const own = running;
    running = null;
    return own;
  }

  async function close(): Promise<void> {
    const own = taken();
    if (own?.waiting.size === 0) {
      const over = new AbortController();
      own.child.finish();
      await Promise.race([own.done, deps.clock.sleep(SHUTDOWN_TIMEOUT, over.signal).catch(() => undefined)]);
      over.abort();
    }
    own?.child.detach();
  }

  return {
    async refresh(vault, account, policy, forced, timeout = RETRY_POLICIES[policy].timeout) {
      const answered = new AbortController();
      const { child, waiting } = running ?? started(await deps.key());
      try {
        const report = await Promise.race([
          new Promise<RefreshReportLine>((resolve) => {
            waiting.set(account.id, resolve);
            child.order(orderLine({ account, policy, forced }));
          }),
          interrupted(deps.interruption, answered.signal),
          refreshTimeout(deps.clock, account, timeout, answered.signal, deps.notice),
        ]);
        if (report instanceof VaultError) return { kind: 'busy', account, error: report };
        const outcome = outcomeOf(report, (await vault.account(account.id)) ?? account);
        if (outcome instanceof VaultError) throw outcome;
        return outcome;
      } finally {
        waiting.delete(account.id);
        answered.abort();
      }
    },
    release() {
      if (running?.waiting.size === 0) taken()?.child.detach();
    },
    close,
  };
}

/* A provider may take two minutes to answer. A command waits for less, and says so. */

/** After this time a notice says what is waited for. */
const NOTICE_AFTER = 10 * SECOND;

/** @param left how long the command waits at most from now, in milliseconds */
function slowNotice(account: Account, left: number): string {
  return `the refresh of ${accountName(account)} takes longer than ${formatDuration(NOTICE_AFTER)}; waiting up to ${formatDuration(left)} more; it continues when you interrupt this command`;
}

/** @param waited milliseconds */
function tooSlow(account: Account, waited: number): VaultError {
  return new VaultError(
    'busy',
    `the refresh of ${accountName(account)} takes longer than ${formatDuration(waited)}: the provider has not answered yet, or the refresher process was stopped`,
    {
      hint: `it continues by itself; in a moment: vault token ${shellName(account)}\nto see whether it was stopped: pgrep -af vault`,
    },
  );
}

/**
 * Resolves to the error {@link tooSlow} after a time; for races with a refresh.
 *
 * @param over aborted when the race is decided: then it never settles
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

/**
 * Waits until no other command of this user refreshes the same account.
 *
 * @param timeout milliseconds
 * @throws VaultError `busy` when that ends first
 */
export async function takeTurn(
  deps: {
    readonly locks: Locks;
    readonly interruption: AbortSignal;
    readonly notice: (line: string) => void;
  },
  account: Account,
  timeout: number,
): Promise<Lock> {
  const { locks, interruption, notice } = deps;
  const name = `${account.id}-turn`;
  const left = timeout - NOTICE_AFTER;
  try {
    return await locks.acquire(name, Math.min(timeout, NOTICE_AFTER), interruption);
  } catch (failure) {
    if (left <= 0 || !(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
    notice(slowNotice(account, left));
    return locks.acquire(name, left, interruption);
  }
}
