import { equalBytes } from '../crypto/derive.js';
import { MINUTE, SECOND } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import type {
  LedgerStep,
  NextLedger,
  RenewLedger,
  RowFacts,
  SealedLedger,
  Store,
  TrailFacts,
} from '../stores/contract.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock } from '../system/contract.js';
import {
  concernsWholeVault,
  isDamage,
  NOT_THOSE,
  notCurrent,
  type RowSetFault,
  unreadableLedger,
  wrongRows,
} from './damage.js';
import { isKeyringStale, type Keyring } from './keyring.js';
import {
  type Ledger,
  ledgerOf,
  openLedger,
  PLACE_BYTES,
  sealedSoFar,
  sealLedger,
  sealLedgerWhenRead,
  withPlace,
} from './ledger.js';
import { type TrailEvents, takeQueued } from './queued-events.js';
import {
  LATER_THAN_ANY,
  placeOf,
  type RollbackMarksRead,
  type RollbackState,
  type RollbackVerdict,
  readMarks,
  rollbackStateAt,
  writeMarks,
} from './rollback.js';
import { compareRows, explainRows } from './row-check.js';
import { changedSums, divided, isPart, PARTS, partOf, partsIn, rangeOf } from './row-sums.js';
import { type Extension, extend, type Trail, type TrailLine } from './trail.js';

/** The state of a vault as a whole. */
export interface Condition {
  /** Named as in the JSON documents. */
  readonly standing: RollbackState;
  /** Null when the rows are exactly those that were stored last. */
  readonly rowSet: RowSetFault | null;
  /** Why the ledger cannot be read; null when it was read. */
  readonly ledger: VaultError | null;
  /** How many changes of the rows there have been; null when the ledger cannot be read. */
  readonly epoch: number | null;
  /** About how many messages its newest data key has sealed; null when the ledger cannot be read. */
  readonly sealings: number | null;
  /** Each as the error that a refresh would end with. */
  readonly troubles: readonly VaultError[];
}

/** Keeps the ledger, the rollback mark of this place and the rows in step, and detects when they are not. */
export interface Guard {
  /**
   * Changes the rows and the ledger in one transaction, then moves the rollback mark.
   *
   * @param change resolves to whether anything was changed
   * @param line goes into the trail with it, after all queued events
   */
  record(change: (step: LedgerStep) => Promise<boolean>, line?: TrailLine | null): Promise<boolean>;
  /**
   * Checks the rollback mark, and all rows unless that was done within the last minute.
   *
   * @param id checks only the part of the rows in which this account is
   * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent
   */
  requireCurrent(id?: string): Promise<void>;
  /** @throws VaultError `vault_damaged` when the rows are not exactly those that were stored last */
  requireWhole(): Promise<void>;
  /** Runs the checks and returns what they find, as warnings. @throws VaultError when the ledger cannot be read */
  warn(found?: (code: ErrorCode) => void): Promise<void>;
  examine(): Promise<Condition>;
  /**
   * Seals the ledger under new data keys, in the transaction that adds them, and only if every row is as it was stored last.
   *
   * @param next a keyring that has the new keys as well
   * @param change runs `make` in that transaction
   * @throws VaultError as {@link Guard.requireCurrent}: then nothing has changed
   */
  rekey(next: Keyring, change: (make: RenewLedger) => Promise<void>, line: TrailLine | null): Promise<void>;
  /** Accepts the rows as they are, and this place. @returns the condition before */
  accept(line?: (before: Condition) => TrailLine | null): Promise<Condition>;
}

export interface GuardDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly marks: RollbackMarks;
  readonly clock: Clock;
  readonly events?: TrailEvents;
  /** Receives warnings for the user. */
  readonly notice: (line: string, hint?: string) => void;
}

/** Replaces the places that a lost ledger named. Without this entry the vault would seem to be used only here. */
const UNKNOWN_PLACE: ReadonlyMap<string, number> = new Map([['0'.repeat(2 * PLACE_BYTES), 0]]);
/** How long a check of all rows counts. */
const WHOLE_FOR = MINUTE;
/** How long a mark that was read is used again. */
const MARK_FRESH_FOR = SECOND;

/**
 * A mark is read before the ledger it is compared with, and written after the commit. So a ledger that lacks the change in the
 * mark is an older one, and was not just overtaken by another process. A mark that could not be written is behind, which is
 * harmless.
 *
 * While the vault is not current, changes made here do not count as this place's: otherwise, after enough changes, an older copy
 * would have a higher epoch than the mark and seem current.
 */
export function createGuard({ store, keyring, marks, clock, events, notice }: GuardDeps): Guard {
  const place = placeOf(keyring.vaultId, marks.where);
  const warned = new Set<string>();
  /** The ledgers that this process sealed itself, so it need not open them again. */
  const made = new WeakMap<SealedLedger, Ledger>();
  /** The one that was opened last: every refresh looks at it, and few of them after a commit. */
  let last: { readonly sealed: SealedLedger; readonly ledger: Ledger } | null = null;
  let wholeAt = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | null = null;
  let seen: { readonly mark: RollbackMarksRead; readonly at: number } | null = null;
  let furthest = 0;
  let moving: Promise<void> | null = null;

  const readMark = () => readMarks(keyring, marks, place);

  /** @throws VaultError `vault_damaged`, `vault_newer` */
  function opened(sealed: SealedLedger): Ledger {
    if (last?.sealed.epoch !== sealed.epoch || !equalBytes(last.sealed.sealed, sealed.sealed))
      last = { sealed, ledger: openLedger(keyring, sealed) };
    return last.ledger;
  }

  /** A mark that cannot be read or written must not keep anything from being stored: it stays behind, with a warning. */
  function unlessUnusable<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      say(`an older copy of the vault might not be noticed: ${failure.message}`);
      return undefined;
    }
  }

  /** A mark only grows, so an old reading is too low at worst. */
  function recentMark(): RollbackMarksRead | null {
    const age = seen === null ? -1 : clock.now() - seen.at;
    if (seen !== null && age >= 0 && age < MARK_FRESH_FOR) return seen.mark;
    const mark = readMark();
    seen = mark === null ? null : { mark, at: clock.now() };
    return mark;
  }

  /** Moves it once for all changes of one commit. */
  function moveMark(epoch: number): Promise<void> {
    furthest = Math.max(furthest, epoch);
    moving ??= new Promise(setImmediate).then(() => {
      moving = null;
      unlessUnusable(() => {
        const mark = readMark();
        // The mark may have been deleted, or another process may have written a newer one.
        if (mark === null || mark.epoch >= furthest) return;
        writeMarks(keyring, marks, place, furthest, 'overwrite');
        seen = null;
      });
    });
    return moving;
  }

  function trouble(
    state: Exclude<RollbackVerdict, 'current'>,
    mark: RollbackMarksRead | null | undefined,
  ): VaultError {
    return notCurrent(state, marks.folder, [mark?.epoch, mark?.second].includes(LATER_THAN_ANY));
  }

  function say(line: string, hint?: string): void {
    if (warned.has(line)) return;
    warned.add(line);
    notice(line, hint);
  }

  /** Replaces forged entries after the last one by an event that says so. */
  function extended(trail: Trail | null, lines: readonly TrailLine[], facts: TrailFacts): Extension {
    const forged = trail === null ? 0 : facts.beyond(trail.last);
    const first = forged === 0 || events === undefined ? [] : [events.added(forged)];
    return extend(keyring.vaultId, trail, [...first, ...lines], facts);
  }

  async function fault(ledger: Ledger, rows: readonly RowFacts[]): Promise<RowSetFault | null> {
    const apart = compareRows(keyring, ledger, rows);
    return apart === null ? null : explainRows(keyring, rows, apart, (id) => store.account(id));
  }

  async function requireWhole(): Promise<void> {
    const { ledger, rows } = await store.rowSet();
    const found = await fault(openLedger(keyring, ledger ?? (await store.ledger())), rows);
    if (found !== null) throw wrongRows(found);
    wholeAt = clock.now();
  }

  async function requirePart(id: string): Promise<void> {
    const part = partOf(id);
    const { ledger, rows } = await store.rowSet(rangeOf(part));
    const { sums } = openLedger(keyring, ledger ?? (await store.ledger()));
    if (partsIn(sums) !== PARTS) return requireWhole();
    if (isPart(keyring, sums, part, rows)) return;
    // The message of the failure says what is wrong.
    await requireWhole();
    throw wrongRows(NOT_THOSE);
  }

  async function requireRollbackState(): Promise<void> {
    const mark = recentMark();
    const state = rollbackStateAt(place, mark, opened(await store.ledger()), marks);
    if (state !== 'current') throw trouble(state, mark);
  }

  const guard: Guard = {
    async record(change, line = null) {
      const mark = unlessUnusable(recentMark);
      const queued = takeQueued(keyring, events, say);
      const lines = [...queued.lines, ...(line === null ? [] : [line])];
      const attempts: { readonly epoch: number; readonly state: RollbackVerdict | null }[] = [];
      const done = await change((sealed, rowChange, facts, rows): NextLedger => {
        const ledger = made.get(sealed) ?? opened(sealed);
        const state = mark === undefined ? null : rollbackStateAt(place, mark, ledger, marks);
        const epoch = sealed.epoch + 1;
        const { trail, ...added } = extended(ledger.trail, lines, facts);
        const sums = divided(keyring, changedSums(keyring, ledger.sums, rowChange), rows);
        const next = { ...ledger, sums, trail };
        attempts.push({ epoch, state });
        const placed = state === 'current' ? withPlace(next, place, epoch) : next;
        const sealing = Object.assign(sealLedgerWhenRead(keyring, epoch, placed), added);
        made.set(sealing, placed);
        return sealing;
      });
      if (done) queued.done();
      // A repeated transaction may have found nothing left to do: then no epoch is ours.
      const last = done ? attempts.at(-1) : undefined;
      const state = last?.state ?? null;
      if (last !== undefined && state === 'current') await moveMark(last.epoch);
      else if (state !== null && state !== 'current') {
        const { message, hint } = trouble(state, mark);
        say(message, hint);
      }
      return done;
    },

    async requireCurrent(id) {
      await requireRollbackState();
      const age = clock.now() - wholeAt;
      if (age >= 0 && age < WHOLE_FOR) return;
      if (id !== undefined) return requirePart(id);
      // Refreshes of one process come together, and one check serves them all.
      checking ??= requireWhole().finally(() => {
        checking = null;
      });
      await checking;
    },

    requireWhole,

    async warn(found) {
      for (const check of [requireRollbackState, requireWhole]) {
        try {
          await check();
        } catch (failure) {
          if (!(failure instanceof VaultError) || !concernsWholeVault(failure)) throw failure;
          say(failure.message, failure.hint);
          found?.(failure.code);
        }
      }
    },

    async examine() {
      const mark = readMark();
      const { ledger: sealed, rows } = await store.rowSet();
      try {
        const ledger = openLedger(keyring, sealed ?? (await store.ledger()));
        const verdict = rollbackStateAt(place, mark, ledger, marks);
        const standing = verdict === 'replaced' ? 'rolled_back' : verdict;
        const rowSet = await fault(ledger, rows);
        const troubles = [
          ...(verdict === 'current' ? [] : [trouble(verdict, mark)]),
          ...(rowSet === null ? [] : [wrongRows(rowSet)]),
        ];
        const epoch = sealed?.epoch ?? null;
        const sealings = sealedSoFar(epoch ?? 0, ledger) - ledger.sealedBefore;
        return { standing, rowSet, ledger: null, epoch, sealings, troubles };
      } catch (failure) {
        if (!isDamage(failure)) throw failure;
        if (await isKeyringStale(store, keyring)) throw failure;
        return {
          standing: mark === null ? 'cloned' : 'rolled_back',
          rowSet: null,
          ledger: failure,
          epoch: null,
          sealings: null,
          // With a mark, only the ledger could show an older copy.
          troubles: mark === null ? [failure, notCurrent('cloned', marks.folder)] : [failure],
        };
      }
    },

    async rekey(next, change, line) {
      await guard.requireCurrent();
      let epoch = 0;
      await change(({ ledger: sealed, rows }, facts) => {
        if (sealed === null) throw unreadableLedger('malformed');
        const ledger = openLedger(keyring, sealed);
        // New digests are made from the rows as they are now, so a change since the last check would be accepted.
        if (compareRows(keyring, ledger, rows) !== null) throw wrongRows(NOT_THOSE);
        epoch = sealed.epoch + 1;
        const { trail, ...added } = extended(ledger.trail, line ? [line] : [], facts);
        const renewed = ledgerOf(next, rows, ledger.places, trail, sealedSoFar(epoch, ledger));
        return { ...sealLedger(next, epoch, withPlace(renewed, place, epoch)), ...added };
      });
      unlessUnusable(() => writeMarks(next, marks, place, epoch, 'overwrite'));
    },

    async accept(line = () => null) {
      const before = await guard.examine();
      const mark = readMark();
      let epoch = 0;
      const entry = line(before);
      await store.renewLedger(({ ledger: sealed, rows }, facts) => {
        const known = before.ledger === null && sealed !== null ? openLedger(keyring, sealed) : null;
        const lastKnown = known === null ? 0 : (sealed?.epoch ?? 0);
        const lastHere = [mark?.epoch ?? 0, mark?.second ?? 0].filter((at) => at !== LATER_THAN_ANY);
        epoch = Math.max(lastKnown, ...lastHere) + 1;
        const { trail, ...added } = extended(known?.trail ?? null, entry ? [entry] : [], facts);
        const next = ledgerOf(keyring, rows, known?.places ?? UNKNOWN_PLACE, trail, known?.sealedBefore);
        return { ...sealLedger(keyring, epoch, withPlace(next, place, epoch)), ...added };
      });
      writeMarks(keyring, marks, place, epoch, 'create');
      seen = null;
      return before;
    },
  };
  return guard;
}
