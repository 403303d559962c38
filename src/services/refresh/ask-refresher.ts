import type { Account } from '../../domain/account.js';
import { interrupted } from '../../domain/async.js';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { LoadedKey } from '../../keysources/key-memory.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { type Patience, POLICIES } from './refresh-send.js';
import {
  AT_REST,
  CUT_OFF,
  orderLine,
  outcomeOf,
  type RefreshReportLine,
  readReport,
} from './refresher-protocol.js';
import { refreshTimeout } from './slow-refresh.js';

/** One that has reported everything has only its files to close. */
const LONGEST_WAY_TO_REST = 2 * SECOND;

/** A refresher process, seen from the command that started it. */
export interface RefresherProcess {
  order(line: string): void;
  /** What it prints, until it ends or is left. */
  readonly lines: AsyncIterable<string>;
  /** Takes no more orders: it comes to rest when it has reported on all it has. */
  finish(): void;
  /** Lets go of it: it finishes what is in flight by itself, and takes no more orders. */
  leave(): void;
}

export interface Refresher {
  /**
   * @param wait how long it is waited for, in milliseconds; then the outcome is `busy`, and the process goes on by itself
   * @throws VaultError what the refresher reports without an outcome; the interruption's reason
   */
  refresh(
    vault: Vault,
    account: Account,
    patience: Patience,
    forced: boolean,
    wait?: number,
  ): Promise<RefreshOutcome>;
  /** Lets go of the process if nobody waits for it; the next order starts another. */
  rest(): void;
  /**
   * Lets go of the process, if one was started. When nothing is in flight it is waited for, so that nothing of a command
   * works on in the vault's folder after the command has ended.
   */
  close(): Promise<void>;
}

/** A process, and who waits for what it reports, by account. */
interface Running {
  readonly child: RefresherProcess;
  readonly waiting: Map<string, (report: RefreshReportLine) => void>;
  readonly atRest: Promise<void>;
}

export interface AskDeps {
  /** The master key, which the process is given: it could neither ask a person nor should it ask a keychain again. */
  readonly key: () => Promise<LoadedKey>;
  readonly start: (key: LoadedKey) => RefresherProcess;
  readonly clock: Clock;
  /** Told of a wait that becomes long; left out: nobody is. */
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
      running = { ...own, atRest: listen(own) };
      return running;
    } finally {
      handed.key.fill(0);
    }
  }

  async function listen({ child, waiting }: Omit<Running, 'atRest'>): Promise<void> {
    for await (const line of child.lines) {
      if (line === AT_REST) break;
      const report = readReport(line);
      if (report !== null) waiting.get(report.account)?.(report);
    }
    if (running?.child === child) running = null;
    for (const [account, answer] of waiting) answer({ account, kind: 'transient', error: CUT_OFF });
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
      await Promise.race([
        own.atRest,
        deps.clock.sleep(LONGEST_WAY_TO_REST, over.signal).catch(() => undefined),
      ]);
      over.abort();
    }
    own?.child.leave();
  }

  return {
    async refresh(vault, account, patience, forced, wait = POLICIES[patience].outcome) {
      const answered = new AbortController();
      const { child, waiting } = running ?? started(await deps.key());
      try {
        const report = await Promise.race([
          new Promise<RefreshReportLine>((resolve) => {
            waiting.set(account.id, resolve);
            child.order(orderLine({ account, patience, forced }));
          }),
          interrupted(deps.interruption, answered.signal),
          refreshTimeout(deps.clock, account, wait, answered.signal, deps.notice),
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
    rest() {
      if (running?.waiting.size === 0) taken()?.child.leave();
    },
    close,
  };
}
