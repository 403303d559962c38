import { equalBytes, randomId } from '../crypto/derive.js';
import type { Account, Identity } from '../domain/account.js';
import type { AuditEvent } from '../domain/audit-events.js';
import { HOUR } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import type { AttemptRecord, Intent, SealedAccount, Store } from '../stores/contract.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock } from '../system/contract.js';
import { concernsWholeVault, isDamage } from './damage.js';
import type { DataKeyRotation } from './data-rotation.js';
import type { Condition } from './guard.js';
import type { Keyring } from './keyring.js';
import type { KeyringAccess } from './keyring-access.js';
import { lineOf, type VaultEvents } from './queued-events.js';
import {
  openAnswer,
  openLogin,
  sealAnswer,
  sealLogin,
  type UnstoredAnswer,
  type UnstoredLogin,
  type WaitingAnswer,
} from './sealed-answer.js';
import {
  type AccountChange,
  type AccountFacts,
  type Contents,
  openContents,
  openIdentity,
  sealContents,
} from './sealed-contents.js';
import type { TrailReport } from './verify.js';

/** Makes the event that goes into the trail with a change, once the account is known. */
export type EventOf = (account: Account) => AuditEvent;

/** What a vault passes on from its store: visible facts. */
type StoreParts = Pick<
  Store,
  | 'accounts'
  | 'documents'
  | 'names'
  | 'account'
  | 'accountByName'
  | 'intent'
  | 'withdraw'
  | 'consents'
  | 'addConsent'
  | 'notifications'
  | 'trail'
>;

/** What a valid token needs besides. */
interface StoredToken {
  accessToken(account: SealedAccount): Promise<Secret | null>;
  /** Moves this process's events into the trail if they cannot wait or are many. Never rejects. */
  settleDue(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A vault of accounts. Visible facts are read without a key; sealed fields are opened with the keyring, which is loaded from the
 * key source when it is first needed. Everything that opens or seals throws the key's and the vault's own error codes.
 */
export interface Vault extends StoredToken, StoreParts {
  /**
   * Loads the key and writes to the disk, so that a later write is known to work. Warns about a vault that was rolled back or
   * altered, and does not fail because of that.
   */
  rehearse(): Promise<void>;
  identity(account: SealedAccount): Promise<Identity>;
  contents(account: SealedAccount): Promise<Contents>;
  byIdentity(provider: string, issuer: string, subject: string): Promise<SealedAccount | null>;

  /**
   * Makes sure that the vault is the one that was last written at this place, with every row.
   *
   * @param id only with the rows in the part in which this account is
   * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent
   */
  requireCurrent(id?: string): Promise<void>;
  /**
   * Adds up all rows again, before an account is reported missing.
   *
   * @throws VaultError `vault_damaged` when rows are missing, were added, changed or restored from an older copy
   */
  verifyRowSet(): Promise<void>;
  /** Changes nothing. */
  examine(): Promise<Condition>;
  /** Accepts the rows and the place as they are. @returns the condition before */
  acceptAsItIs(event?: (before: Condition) => AuditEvent): Promise<Condition>;

  /**
   * @param event goes into the trail in the same commit, as in all methods below
   * @returns null when the name or the identity is taken
   */
  add(facts: AccountFacts, contents: Contents, event?: EventOf): Promise<SealedAccount | null>;
  /**
   * Compare-and-swap: seals new contents as the next generation, if `current` is still the current one.
   *
   * @param keepsIntent leaves an unsettled refresh unsettled, because the refresh token stays the same
   * @returns null when the account has changed or is gone, or when a new label is taken
   * @throws RangeError when the contents are of another identity
   */
  update(
    current: SealedAccount,
    change: AccountChange,
    contents: Contents,
    event?: EventOf,
    keepsIntent?: boolean,
  ): Promise<SealedAccount | null>;
  /**
   * Records that a refresh token is about to be sent. If it was sent before and the outcome is unknown, the time of the first
   * attempt is kept.
   *
   * @returns the interrupted attempt with the same token, if there was one; `moved_on` when the account has changed
   * @throws VaultError then nothing must be sent
   */
  intend(
    account: SealedAccount,
    refreshToken: Secret,
    at: number,
    pid: number,
  ): Promise<Intent | null | 'moved_on'>;
  /** Seals an answer that could not be committed, for the spill. */
  sealAnswer(account: SealedAccount, answer: UnstoredAnswer): Promise<Uint8Array>;
  /**
   * @param account as it is now
   * @param generation from which the refresh started
   * @returns null when it does not open: damaged, or of another account or generation
   * @throws VaultError `vault_damaged` when it opens and the stored account does not
   */
  openAnswer(account: SealedAccount, generation: number, sealed: Uint8Array): Promise<WaitingAnswer | null>;
  /** The same for a finished login. @param id of the account, or an unused one */
  sealLogin(id: string, login: UnstoredLogin): Promise<Uint8Array>;
  /** @returns null when it does not open */
  openLogin(id: string, sealed: Uint8Array): Promise<UnstoredLogin | null>;
  /** Needs the key only with an event. @returns false when the account has changed meanwhile */
  recordAttempt(account: Account, attempt: AttemptRecord, event?: AuditEvent): Promise<boolean>;
  /** @returns false when it was already gone */
  remove(id: string, event?: AuditEvent): Promise<boolean>;
  readonly rotation: () => Promise<DataKeyRotation>;
  /** Moves all queued events into the trail. */
  settleEvents(): Promise<void>;
  /** Settles all events, then follows the whole chain. */
  verifyTrail(): Promise<TrailReport>;
}

export interface VaultParts {
  readonly store: Store;
  /** Called when the keyring is first needed, and again after its data keys were replaced. */
  readonly unlock: () => Promise<Keyring>;
  readonly marks: () => Promise<RollbackMarks>;
  readonly clock: Clock;
  /** Without it nothing goes into the trail. */
  readonly events?: VaultEvents;
  /** Called when the vault, or an account in it, was altered. */
  readonly alarm?: (code: ErrorCode) => void;
  /** Receives warnings for the user. */
  readonly notice: (line: string, hint?: string) => void;
}

/** While something stays wrong, its alarm is repeated this often. */
const ALARM_INTERVAL = HOUR;

/** What a valid token does not need of a vault; see `createVault`. */
export function restOfVault({ store, clock, events, alarm }: VaultParts, access: KeyringAccess) {
  const alarmed = new Map<ErrorCode, number>();
  const { using, opening } = access;

  const settleEvents = async () => {
    if (events === undefined || events.queue.size() === 0) return;
    await using(async (_, guard) => (await guard()).record(store.note));
  };

  let settling: Promise<void> | null = null;
  async function settleDue(): Promise<void> {
    if ((await access.loaded()) === null) return;
    // The next process tries again.
    settling ??= settleEvents()
      .catch(() => undefined)
      .finally(() => {
        settling = null;
      });
    await settling;
  }

  function raise(code: ErrorCode): void {
    const age = clock.now() - (alarmed.get(code) ?? Number.NEGATIVE_INFINITY);
    if (age >= 0 && age < ALARM_INTERVAL) return;
    alarmed.set(code, clock.now());
    alarm?.(code);
  }

  /** Raises an alarm where a failure shows that something was altered. */
  function raiseFor(failure: unknown): void {
    if (isDamage(failure) || (failure instanceof VaultError && concernsWholeVault(failure)))
      raise(failure.code);
  }

  async function watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (failure) {
      raiseFor(failure);
      throw failure;
    }
  }

  const rest: Omit<Vault, keyof StoredToken | keyof StoreParts> = {
    async rehearse() {
      await using((keys) => void keys.subjectDigests('', ''));
      await store.probe();
      await using(async (_, guard) => (await guard()).warn(raise));
    },
    identity: (account) => watched(opening(account, openIdentity)),
    contents: (account) => watched(opening(account, openContents)),
    async byIdentity(provider, issuer, subject) {
      // With stale keys the digest differs: nothing would be found, and nothing would fail.
      await access.renew();
      return using(async (keys) => {
        for (const digest of keys.subjectDigests(issuer, subject)) {
          const found = await store.accountBySubject(provider, issuer, digest);
          if (found !== null) return found;
        }
        return null;
      });
    },

    requireCurrent: (id) => watched(using(async (_, guard) => (await guard()).requireCurrent(id))),
    verifyRowSet: () => watched(using(async (_, guard) => (await guard()).requireWhole())),
    examine: () => using(async (_, guard) => (await guard()).examine()),
    acceptAsItIs: (event) =>
      using(async (_, guard) => (await guard()).accept((before) => lineOf(events, event?.(before)))),

    add: (facts, contents, event) =>
      using(async (keys, guard) => {
        const [subjectDigest, ...older] = keys.subjectDigests(facts.issuer, contents.identity.subject);
        // The table refuses a digest that is taken; under an older key the same identity has another digest.
        for (const digest of older)
          if ((await store.accountBySubject(facts.provider, facts.issuer, digest)) !== null) return null;
        const account = {
          ...facts,
          id: randomId(),
          subjectDigest,
          generation: 1,
          hasRefreshToken: contents.refreshToken !== null,
        };
        const sealed = { ...account, sealed: sealContents(keys, account, contents) };
        const line = lineOf(events, event?.(account));
        const added = await (await guard()).record((step) => store.insert(sealed, step), line);
        return added ? sealed : null;
      }),

    update: (current, change, contents, event, keepsIntent = false) =>
      using(async (keys, guard) => {
        const { generation } = current;
        const digests = keys.subjectDigests(change.issuer ?? current.issuer, contents.identity.subject);
        const row = digests.includes(current.subjectDigest) ? current : await store.account(current.id);
        if (row?.generation !== generation) return null;
        if (!digests.includes(row.subjectDigest)) throw new RangeError('an account stays with its identity');
        const account = {
          ...current,
          ...change,
          subjectDigest: digests[0],
          generation: generation + 1,
          hasRefreshToken: contents.refreshToken !== null,
        };
        const sealed = { ...account, sealed: sealContents(keys, account, contents) };
        const line = lineOf(events, event?.(account));
        const replaced = await (await guard()).record(
          (step) => store.replace(sealed, generation, step, keepsIntent),
          line,
        );
        return replaced ? sealed : null;
      }),

    async intend(account, refreshToken, at, pid) {
      await access.renew();
      const digests = await using((keys) => keys.tokenDigests(refreshToken.reveal()));
      const before = await store.intent(account.id);
      const isSame = before !== null && digests.some((digest) => equalBytes(before.tokenDigest, digest));
      const interrupted = isSame ? before : null;
      const [attempt, since] = [(interrupted?.attempt ?? 0) + 1, interrupted?.at ?? at];
      const { id, generation } = account;
      const [tokenDigest] = digests;
      const written = await store.intend({ accountId: id, generation, tokenDigest, attempt, at: since, pid });
      return written ? interrupted : 'moved_on';
    },

    sealAnswer: (account, answer) => using((keys) => sealAnswer(keys, account, answer)),
    async openAnswer(account, generation, sealed) {
      // Stale keys do not open it, and it would count as another account's.
      await access.renew();
      return using((keys) => openAnswer(keys, account, generation, sealed));
    },
    sealLogin: (id, login) => using((keys) => sealLogin(keys, id, login)),
    async openLogin(id, sealed) {
      await access.renew();
      return using((keys) => openLogin(keys, id, sealed));
    },

    recordAttempt({ id, generation }, attempt, event) {
      const line = lineOf(events, event);
      if (line === null) return store.recordAttempt(id, generation, attempt);
      return using(async (_, guard) =>
        (await guard()).record((step) => store.recordAttempt(id, generation, attempt, step), line),
      );
    },
    remove: (id, event) =>
      using(async (_, guard) =>
        (await guard()).record((step) => store.remove(id, step), lineOf(events, event)),
      ),

    async rotation() {
      const { dataKeyRotation } = await import('./data-rotation.js');
      return dataKeyRotation({ store, access, clock, events });
    },
    settleEvents,
    async verifyTrail() {
      const { tailMatchesLedger, verifyTrail } = await import('./verify.js');
      const verified = () => watched(using((keys) => verifyTrail(keys, store)));
      // Settling would overwrite forged entries at the end, so they are checked first.
      const untouched = await using((keys) => tailMatchesLedger(keys, store));
      if (untouched) await settleEvents();
      let report = await verified();
      if (!untouched && report.fault === null) {
        await settleEvents();
        report = await verified();
      }
      if (report.fault !== null) raise('vault_damaged');
      return report;
    },
  };
  return { ...rest, settleDue, raiseFor };
}
