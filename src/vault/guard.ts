import { MINUTE, SECOND } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import type { LedgerStep, NextLedger, RenewLedger, RowFacts, Store, TrailFacts } from '../stores/contract.js';
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
  changed,
  type Extension,
  extend,
  type Ledger,
  ledgerOf,
  openLedger,
  PLACE_BYTES,
  sealedSoFar,
  sealLedger,
  type Trail,
  type TrailLine,
  withPlace,
} from './ledger.js';
import { type TrailEvents, takeWaiting } from './queued-events.js';
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
import { compare, explain } from './verify.js';

/** What a vault looks like as a whole, beyond its single accounts. */
export interface Condition {
  readonly standing: RollbackState;
  /** Null when the rows are exactly those that were stored last. */
  readonly rowSet: RowSetFault | null;
  /** Why the ledger cannot be read, so that nothing is known of the rows; null when it was read. */
  readonly ledger: VaultError | null;
  /** How many changes of the rows there have been; null when the ledger cannot be read. */
  readonly epoch: number | null;
  /** About how much was sealed under its newest data key; null when the ledger cannot be read. */
  readonly sealings: number | null;
  /** What is wrong, each as the error with which a refresh would end; empty for a sound vault. */
  readonly troubles: readonly VaultError[];
}

/** Keeps the ledger, the place's mark and the rows in step, and notices when they are not. */
export interface Guard {
  /**
   * Makes a change of the rows and the ledger in one transaction, then moves the place's mark.
   *
   * @param change tells whether anything was changed
   * @param line what comes into the trail with it; what waits for the trail comes first
   */
  record(change: (step: LedgerStep) => Promise<boolean>, line?: TrailLine | null): Promise<boolean>;
  /** @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent */
  requireCurrent(): Promise<void>;
  /** @throws VaultError `vault_damaged` when the rows are not exactly those that were stored last */
  requireWhole(): Promise<void>;
  /** Says what is wrong to the person, and goes on. @throws VaultError when the ledger cannot be read */
  warn(found?: (code: ErrorCode) => void): Promise<void>;
  examine(): Promise<Condition>;
  /**
   * Has the ledger sealed under new data keys, in the transaction in which those come into the vault, and only if every row
   * is as it was stored last.
   *
   * @param next a keyring that holds the new keys as well
   * @param change runs `make` in that transaction
   * @throws VaultError as {@link Guard.requireCurrent}: then nothing has changed
   */
  rekey(next: Keyring, change: (make: RenewLedger) => Promise<void>, line: TrailLine | null): Promise<void>;
  /** Takes the rows as they are for right, and this place for one where the vault belongs. @returns how it was before */
  accept(line?: (before: Condition) => TrailLine | null): Promise<Condition>;
}

export interface GuardDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly marks: RollbackMarks;
  readonly clock: Clock;
  /** What waits for the trail; nothing where it is left out. */
  readonly events?: TrailEvents;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string, hint?: string) => void;
}

/** Stands for places that a lost ledger knew of: without it the vault would look as if it were used at this place alone. */
const FORGOTTEN: ReadonlyMap<string, number> = new Map([['0'.repeat(2 * PLACE_BYTES), 0]]);
/** Once this process has added the rows up and found them right, it does not do so again for this long. */
const WHOLE_FOR = MINUTE;
/** A mark that was read is taken as it was for this long. */
const RECENT = SECOND;

/**
 * A mark is always read before the ledger it is compared with, and written after the commit: so a ledger that lacks the
 * change in the mark was not overtaken by another process, it is an older one. A mark that was not written, because the
 * process died or the disk is full, is behind, and that is harmless.
 *
 * While the vault does not stand right, changes made here do not count as this place's: otherwise enough of them would
 * lift an older copy over the mark.
 */
export function createGuard({ store, keyring, marks, clock, events, notice }: GuardDeps): Guard {
  const place = placeOf(keyring.vaultId, marks.where);
  const told = new Set<string>();
  let wholeAt = Number.NEGATIVE_INFINITY;
  let seen: { readonly mark: RollbackMarksRead; readonly at: number } | null = null;
  let furthest = 0;
  let moving: Promise<void> | null = null;

  const readMark = () => readMarks(keyring, marks, place);

  /** A mark that cannot be read or written keeps nothing from being stored; it stays behind, and the person is told. */
  function unlessUnusable<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      say(`an older copy of the vault might not be noticed: ${failure.message}`);
      return undefined;
    }
  }

  /** A mark only grows, so one that was read a moment ago says too little at worst. */
  function recentMark(): RollbackMarksRead | null {
    const age = seen === null ? -1 : clock.now() - seen.at;
    if (seen !== null && age >= 0 && age < RECENT) return seen.mark;
    const mark = readMark();
    seen = mark === null ? null : { mark, at: clock.now() };
    return mark;
  }

  /** Changes that were committed together move it once. */
  function moveMark(epoch: number): Promise<void> {
    furthest = Math.max(furthest, epoch);
    moving ??= new Promise(setImmediate).then(() => {
      moving = null;
      unlessUnusable(() => {
        const mark = readMark();
        // It may have been taken away, or another process may have moved it further.
        if (mark === null || mark.epoch >= furthest) return;
        writeMarks(keyring, marks, place, furthest, 'overwrite');
        seen = null;
      });
    });
    return moving;
  }

  function trouble(
    standing: Exclude<RollbackVerdict, 'current'>,
    mark: RollbackMarksRead | null | undefined,
  ): VaultError {
    return notCurrent(standing, marks.folder, [mark?.epoch, mark?.second].includes(LATER_THAN_ANY));
  }

  function say(line: string, hint?: string): void {
    if (told.has(line)) return;
    told.add(line);
    notice(line, hint);
  }

  /** What somebody else has put behind the last entry goes, and that is told in its place. */
  function extended(trail: Trail | null, lines: readonly TrailLine[], facts: TrailFacts): Extension {
    const strangers = trail === null ? 0 : facts.beyond(trail.last);
    const told = strangers === 0 || events === undefined ? [] : [events.added(strangers)];
    return extend(keyring.vaultId, trail, [...told, ...lines], facts);
  }

  async function fault(ledger: Ledger, rows: readonly RowFacts[]): Promise<RowSetFault | null> {
    const apart = compare(keyring, ledger, rows);
    return apart === null ? null : explain(keyring, rows, apart, (id) => store.account(id));
  }

  async function requireWhole(): Promise<void> {
    const { ledger, rows } = await store.rowSet();
    const found = await fault(openLedger(keyring, ledger ?? (await store.ledger())), rows);
    if (found !== null) throw wrongRows(found);
    wholeAt = clock.now();
  }

  async function requireStanding(): Promise<void> {
    const mark = recentMark();
    const standing = rollbackStateAt(place, mark, openLedger(keyring, await store.ledger()), marks);
    if (standing !== 'current') throw trouble(standing, mark);
  }

  const guard: Guard = {
    async record(change, line = null) {
      const mark = unlessUnusable(recentMark);
      const waiting = takeWaiting(keyring, events, say);
      const lines = [...waiting.lines, ...(line === null ? [] : [line])];
      const tries: { readonly epoch: number; readonly standing: RollbackVerdict | null }[] = [];
      const done = await change((sealed, rowChange, facts): NextLedger => {
        const ledger = openLedger(keyring, sealed);
        const standing = mark === undefined ? null : rollbackStateAt(place, mark, ledger, marks);
        const epoch = sealed.epoch + 1;
        const { trail, ...added } = extended(ledger.trail, lines, facts);
        const next = { ...changed(keyring, ledger, rowChange), trail };
        tries.push({ epoch, standing });
        const placed = standing === 'current' ? withPlace(next, place, epoch) : next;
        return { ...sealLedger(keyring, epoch, placed), ...added };
      });
      if (done) waiting.done();
      // A transaction that had to be tried again may have found nothing left to do: then no epoch is ours.
      const last = done ? tries.at(-1) : undefined;
      const standing = last?.standing ?? null;
      if (last !== undefined && standing === 'current') await moveMark(last.epoch);
      else if (standing !== null && standing !== 'current') {
        const { message, hint } = trouble(standing, mark);
        say(message, hint);
      }
      return done;
    },

    async requireCurrent() {
      await requireStanding();
      const age = clock.now() - wholeAt;
      if (age < 0 || age >= WHOLE_FOR) await requireWhole();
    },

    requireWhole,

    async warn(found) {
      for (const check of [requireStanding, requireWhole]) {
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
          // With a mark, the ledger alone could tell an older copy, and it cannot be read.
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
        // New digests are made from the rows as they are now: what was done to them since the last look would pass for right.
        if (compare(keyring, ledger, rows) !== null) throw wrongRows(NOT_THOSE);
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
      const said = line(before);
      await store.renewLedger(({ ledger: sealed, rows }, facts) => {
        const known = before.ledger === null && sealed !== null ? openLedger(keyring, sealed) : null;
        const lastKnown = known === null ? 0 : (sealed?.epoch ?? 0);
        const lastHere = [mark?.epoch ?? 0, mark?.second ?? 0].filter((at) => at !== LATER_THAN_ANY);
        epoch = Math.max(lastKnown, ...lastHere) + 1;
        const { trail, ...added } = extended(known?.trail ?? null, said ? [said] : [], facts);
        const next = ledgerOf(keyring, rows, known?.places ?? FORGOTTEN, trail, known?.sealedBefore);
        return { ...sealLedger(keyring, epoch, withPlace(next, place, epoch)), ...added };
      });
      writeMarks(keyring, marks, place, epoch, 'create');
      seen = null;
      return before;
    },
  };
  return guard;
}
