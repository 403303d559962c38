import type { AuditEvent } from '../audit/events.js';
import { equalBytes, randomId } from '../crypto/derive.js';
import type { Account, Consent, Identity } from '../domain/account.js';
import { HOUR } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import type {
  AccountFilter,
  AttemptRecord,
  Intent,
  NotificationTable,
  SealedAccount,
  Store,
  TrailTable,
} from '../stores/contract.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock } from '../system/contract.js';
import { concernsWholeVault, isDamage } from './damage.js';
import type { DataKeyRotation } from './data-rotation.js';
import type { Condition } from './guard.js';
import type { Keyring } from './keyring.js';
import { createKeyringAccess } from './keyring-access.js';
import { lineOf, proving, type VaultEvents } from './queued-events.js';
import {
  openAnswer,
  openLogin,
  sealAnswer,
  sealLogin,
  type UnstoredAnswer,
  type UnstoredLogin,
  type WaitingAnswer,
} from './sealed-answer.js';
import type { AccountChange, AccountFacts } from './sealed-record.js';
import { type Contents, openAccessToken, openContents, openIdentity, sealContents } from './sealed-record.js';
import type { TrailReport } from './verify.js';

/** Makes the event that tells of a change, once the account is known. */
export type EventOf = (account: Account) => AuditEvent;

/**
 * A vault of accounts: what is visible is read without any key, what is sealed is opened with the keyring, which is
 * fetched from the key source when first needed.
 */
export interface Vault {
  accounts(filter?: AccountFilter): Promise<readonly Account[]>;
  account(id: string): Promise<SealedAccount | null>;
  /** The refresh of an account whose outcome is open; null when the last one ended properly. */
  intent(accountId: string): Promise<Intent | null>;
  consents(accountId: string): Promise<readonly Consent[]>;
  addConsent(accountId: string, consent: Consent): Promise<void>;
  /** What the notify command has told of the accounts. */
  readonly notifications: NotificationTable;

  /**
   * Fetches the key and writes to the disk, so that what cannot be stored shows before anybody goes to any trouble. A vault
   * that was rolled back or altered takes a login all the same, and says what is wrong with it.
   *
   * @throws VaultError the key's and the vault's own codes
   */
  rehearse(): Promise<void>;
  /** @throws VaultError the key's and the vault's own codes, as all that open or seal */
  accessToken(account: SealedAccount): Promise<Secret | null>;
  identity(account: SealedAccount): Promise<Identity>;
  contents(account: SealedAccount): Promise<Contents>;
  byIdentity(provider: string, issuer: string, subject: string): Promise<SealedAccount | null>;

  /**
   * Makes sure that the vault is the one that was written here last, with every row.
   *
   * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent
   */
  requireCurrent(): Promise<void>;
  /**
   * Adds all rows up again, to be sure that an account which is not there was never stored, or was removed by this program.
   *
   * @throws VaultError `vault_damaged` when rows are missing, were added, changed or restored from an older copy
   */
  verifyRowSet(): Promise<void>;
  /** How the vault stands as a whole; changes nothing. */
  examine(): Promise<Condition>;
  /** Takes the vault as it is for right, here and from now on. @returns how it was before */
  acceptAsItIs(event?: (before: Condition) => AuditEvent): Promise<Condition>;

  /**
   * @param event comes into the trail with it
   * @returns null when the name or the identity is taken
   */
  add(facts: AccountFacts, contents: Contents, event?: EventOf): Promise<SealedAccount | null>;
  /**
   * Seals new contents as the next generation, if nobody else has done so since `current` was read.
   *
   * @param event comes into the trail with it
   * @param keepsIntent leaves a refresh open of which the outcome is not known, because the refresh token stays the same
   * @returns null when somebody has, when the account is gone, or when a new label is taken
   * @throws RangeError when the contents are another person's: an account stays with its identity
   */
  update(
    current: SealedAccount,
    change: AccountChange,
    contents: Contents,
    event?: EventOf,
    keepsIntent?: boolean,
  ): Promise<SealedAccount | null>;
  /**
   * Writes down that a refresh token is about to be sent. When it was sent before and the outcome of that is open, the time of
   * the first attempt stays.
   *
   * @returns the attempt that was cut off before this one, if there was one with the same token; `moved_on` when somebody
   * has changed the account meanwhile
   * @throws VaultError then nothing must be sent
   */
  intend(
    account: SealedAccount,
    refreshToken: Secret,
    at: number,
    pid: number,
  ): Promise<Intent | null | 'moved_on'>;
  /** Seals an answer that could not be committed, so that it can lie outside the database. */
  sealAnswer(account: SealedAccount, answer: UnstoredAnswer): Promise<Uint8Array>;
  /**
   * @param account as it is now
   * @param generation which the refresh started from
   * @returns null when it does not open: damaged, or not of this account and generation
   * @throws VaultError `vault_damaged` when it opens and what is stored of the account does not
   */
  openAnswer(account: SealedAccount, generation: number, sealed: Uint8Array): Promise<WaitingAnswer | null>;
  /** The same for a finished login. @param id of the account, or one that none has */
  sealLogin(id: string, login: UnstoredLogin): Promise<Uint8Array>;
  /** @returns null when it does not open */
  openLogin(id: string, sealed: Uint8Array): Promise<UnstoredLogin | null>;
  /**
   * Leaves the sealed fields alone.
   *
   * @param event comes into the trail with it, and then it needs the key
   * @returns false when the account has moved on meanwhile
   */
  recordAttempt(account: Account, attempt: AttemptRecord, event?: AuditEvent): Promise<boolean>;
  /** Needs the key, as every change of the rows. @returns false when it was gone already */
  remove(id: string, event?: AuditEvent): Promise<boolean>;
  /** Replaces the data keys, in steps. */
  readonly rotation: () => Promise<DataKeyRotation>;
  /** Entries of the trail; see TrailTable. */
  readonly trail: TrailTable;
  /** Brings everything that waits into the trail. Needs the key. */
  settleEvents(): Promise<void>;
  /** Brings into the trail what this process has left, if that cannot wait or has become long. Does not reject. */
  settleDue(): Promise<void>;
  /** Follows the whole chain, after everything that waits has been brought into it. Needs the key. */
  verifyTrail(): Promise<TrailReport>;
  close(): Promise<void>;
}

export interface VaultParts {
  readonly store: Store;
  /** Gives the keyring when something sealed is needed for the first time, and again when its data keys were replaced. */
  readonly unlock: () => Promise<Keyring>;
  readonly marks: () => Promise<RollbackMarks>;
  readonly clock: Clock;
  /** Holds the events that are not in the trail yet; without it nothing is written into the trail. */
  readonly events?: VaultEvents;
  /** Called when the vault, or an account in it, turns out not to be as it was left. */
  readonly alarm?: (code: ErrorCode) => void;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string, hint?: string) => void;
}

/** As long as something stays wrong, its alarm is repeated after this time. */
const ALARM_AGAIN = HOUR;

export function createVault({ store, unlock, marks, clock, events, alarm, notice }: VaultParts): Vault {
  const alarmed = new Map<ErrorCode, number>();
  const hand = createKeyringAccess({
    store,
    unlock: () => unlock().then(proving(events)),
    async guard(keyring) {
      const [{ createGuard }, own] = await Promise.all([import('./guard.js'), marks()]);
      return createGuard({ store, keyring, marks: own, clock, notice, ...(events && { events }) });
    },
  });
  const { using, opening } = hand;

  const settleEvents = async () => {
    if (events === undefined || events.queue.size() === 0) return;
    await using(async (_, guard) => (await guard()).record(store.note));
  };

  let settling: Promise<void> | null = null;
  async function settleDue(): Promise<void> {
    if (events?.queue.due !== true || (await hand.fetched()) === null) return;
    // What cannot be settled now waits for the next process.
    settling ??= settleEvents()
      .catch(() => undefined)
      .finally(() => {
        settling = null;
      });
    await settling;
  }

  function raise(code: ErrorCode): void {
    const age = clock.now() - (alarmed.get(code) ?? Number.NEGATIVE_INFINITY);
    if (age >= 0 && age < ALARM_AGAIN) return;
    alarmed.set(code, clock.now());
    alarm?.(code);
  }

  async function watched<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (failure) {
      if (failure instanceof VaultError && isTampering(failure)) raise(failure.code);
      throw failure;
    }
  }

  return {
    accounts: (filter) => store.accounts(filter),
    account: (id) => store.account(id),
    intent: (accountId) => store.intent(accountId),
    consents: (accountId) => store.consents(accountId),
    addConsent: (accountId, consent) => store.addConsent(accountId, consent),
    notifications: store.notifications,

    async rehearse() {
      await using((keys) => void keys.subjectDigests('', ''));
      await store.probe();
      await using(async (_, guard) => (await guard()).warn(raise));
    },
    accessToken: (account) => watched(opening(account, openAccessToken)),
    identity: (account) => watched(opening(account, openIdentity)),
    contents: (account) => watched(opening(account, openContents)),
    async byIdentity(provider, issuer, subject) {
      // Under keys that were replaced meanwhile the digest is another one: it would find nothing, and nothing would fail.
      await hand.renew();
      return using(async (keys) => {
        for (const digest of keys.subjectDigests(issuer, subject)) {
          const found = await store.accountBySubject(provider, issuer, digest);
          if (found !== null) return found;
        }
        return null;
      });
    },

    requireCurrent: () => watched(using(async (_, guard) => (await guard()).requireCurrent())),
    verifyRowSet: () => watched(using(async (_, guard) => (await guard()).requireWhole())),
    examine: () => using(async (_, guard) => (await guard()).examine()),
    acceptAsItIs: (event) =>
      using(async (_, guard) => (await guard()).accept((before) => lineOf(events, event?.(before)))),

    add: (facts, contents, event) =>
      using(async (keys, guard) => {
        const [subjectDigest, ...older] = keys.subjectDigests(facts.issuer, contents.identity.subject);
        // The table refuses the same digest twice. Under an older key the same person has another digest.
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
      await hand.renew();
      const digests = await using((keys) => keys.tokenDigests(refreshToken.reveal()));
      const before = await store.intent(account.id);
      const isSame = before !== null && digests.some((digest) => equalBytes(before.tokenDigest, digest));
      const cutOff = isSame ? before : null;
      const [attempt, since] = [(cutOff?.attempt ?? 0) + 1, cutOff?.at ?? at];
      const { id, generation } = account;
      const [tokenDigest] = digests;
      const written = await store.intend({ accountId: id, generation, tokenDigest, attempt, at: since, pid });
      return written ? cutOff : 'moved_on';
    },

    sealAnswer: (account, answer) => using((keys) => sealAnswer(keys, account, answer)),
    async openAnswer(account, generation, sealed) {
      // Keys that were replaced meanwhile do not open it, and it would pass for another account's.
      await hand.renew();
      return using((keys) => openAnswer(keys, account, generation, sealed));
    },
    sealLogin: (id, login) => using((keys) => sealLogin(keys, id, login)),
    async openLogin(id, sealed) {
      await hand.renew();
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
      return dataKeyRotation({ store, hand, clock, events });
    },
    trail: store.trail,
    settleEvents,
    settleDue,
    async verifyTrail() {
      const { tailMatchesLedger, verifyTrail } = await import('./verify.js');
      const verified = () => watched(using((keys) => verifyTrail(keys, store)));
      // What comes into the trail would take the place of what somebody else has put at its end.
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

    async close() {
      await settleDue();
      await hand.wipe();
      await store.close();
    },
  };
}

function isTampering(failure: VaultError): boolean {
  return isDamage(failure) || concernsWholeVault(failure);
}
