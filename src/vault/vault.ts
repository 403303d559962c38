import type { AuditEvent } from '../audit/events.js';
import { equalBytes, randomId } from '../crypto/derive.js';
import type { Account, Consent, Identity } from '../domain/account.js';
import { once } from '../domain/once.js';
import type { Secret } from '../domain/secret.js';
import type {
  AccountFilter,
  AttemptRecord,
  Intent,
  Marks,
  SealedAccount,
  Store,
  TrailTable,
} from '../stores/contract.js';
import type { Told } from '../stores/told.js';
import type { Clock } from '../system/contract.js';
import { lineOf, proving, type VaultEvents } from './audit-queued.js';
import type { TrailReport } from './audit-verify.js';
import type { Condition } from './guard.js';
import type { Keyring } from './keyring.js';
import { type Contents, openAccessToken, openContents, openIdentity, sealContents } from './sealed-record.js';
import { openAnswer, sealAnswer, type UnstoredAnswer } from './unstored-answer.js';

/** The visible facts of an account that a caller decides on; the rest the vault fills in. */
export type AccountFacts = Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken'>;

/** What is said of a change, once it is known of which account. */
export type EventOf = (account: Account) => AuditEvent;

/** What changes together with the sealed fields. */
export type AccountChange = Partial<
  Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken' | 'createdAt'>
>;

/**
 * A vault of accounts: what is visible is read without any key, what is sealed is opened with the keyring, which is
 * fetched from the key source when first needed.
 */
export interface Vault {
  accounts(filter?: AccountFilter): Promise<readonly Account[]>;
  account(id: string): Promise<SealedAccount | null>;
  consents(accountId: string): Promise<readonly Consent[]>;
  addConsent(accountId: string, consent: Consent): Promise<void>;
  /** What the notify command has told of the accounts. */
  readonly told: Told;

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
   * Adds all rows up again: what is not there was never there, or was taken out by us.
   *
   * @throws VaultError `vault_damaged` when rows are missing, were added, changed or put back from an older copy
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
   * @returns null when somebody has, when the account is gone, or when a new label is taken
   * @throws RangeError when the contents are another person's: an account stays with its identity
   */
  update(
    current: SealedAccount,
    change: AccountChange,
    contents: Contents,
    event?: EventOf,
  ): Promise<SealedAccount | null>;
  /**
   * Writes down that a refresh token is about to be sent.
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
  /** @returns null when it is not one of this account and generation */
  openAnswer(account: SealedAccount, sealed: Uint8Array): Promise<UnstoredAnswer | null>;
  /** Leaves the sealed fields alone; @returns false when the account has moved on meanwhile */
  recordAttempt(account: Account, attempt: AttemptRecord): Promise<boolean>;
  /** Needs the key, as every change of the rows. @returns false when it was gone already */
  remove(id: string, event?: AuditEvent): Promise<boolean>;
  /** Entries of the trail; see TrailTable. */
  readonly trail: TrailTable;
  /** Brings everything that waits into the trail. Needs the key. */
  settleEvents(): Promise<void>;
  /** Follows the whole chain, after everything that waits has been brought into it. Needs the key. */
  verifyTrail(): Promise<TrailReport>;
  close(): Promise<void>;
}

export interface VaultParts {
  readonly store: Store;
  /** Gives the keyring; called at most once, and not at all for what is visible without a key. */
  readonly unlock: () => Promise<Keyring>;
  readonly marks: () => Promise<Marks>;
  readonly clock: Clock;
  /** Where events go that are not in the trail yet; without it nothing comes into the trail. */
  readonly events?: VaultEvents;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string) => void;
}

export function createVault({ store, unlock, marks, clock, events, notice }: VaultParts): Vault {
  let unlocked: Promise<Keyring> | null = null;
  const keyring = () => {
    unlocked ??= unlock().then(proving(events), (failure: unknown) => {
      unlocked = null;
      throw failure;
    });
    return unlocked;
  };
  const guard = once(async () => {
    const [{ createGuard }, keys, own] = await Promise.all([import('./guard.js'), keyring(), marks()]);
    return createGuard({ store, keyring: keys, marks: own, clock, notice, ...(events && { events }) });
  });
  const settleEvents = async () => {
    if (events !== undefined && events.queue.size() > 0) await (await guard()).record(store.note);
  };

  return {
    accounts: (filter) => store.accounts(filter),
    account: (id) => store.account(id),
    consents: (accountId) => store.consents(accountId),
    addConsent: (accountId, consent) => store.addConsent(accountId, consent),
    told: store.told,

    async rehearse() {
      (await keyring()).subjectDigest('', '');
      await store.probe();
      await (await guard()).warn();
    },
    accessToken: async (account) => openAccessToken(await keyring(), account),
    identity: async (account) => openIdentity(await keyring(), account),
    contents: async (account) => openContents(await keyring(), account),
    async byIdentity(provider, issuer, subject) {
      const digest = (await keyring()).subjectDigest(issuer, subject);
      return store.accountBySubject(provider, issuer, digest);
    },

    requireCurrent: async () => (await guard()).requireCurrent(),
    verifyRowSet: async () => (await guard()).requireWhole(),
    examine: async () => (await guard()).examine(),
    acceptAsItIs: async (event) => (await guard()).accept((before) => lineOf(events, event?.(before))),

    async add(facts, contents, event) {
      const keys = await keyring();
      const account = {
        ...facts,
        id: randomId(),
        subjectDigest: keys.subjectDigest(facts.issuer, contents.identity.subject),
        generation: 1,
        hasRefreshToken: contents.refreshToken !== null,
      };
      const sealed = { ...account, sealed: sealContents(keys, account, contents) };
      const added = await (await guard()).record(
        (step) => store.insert(sealed, step),
        lineOf(events, event?.(account)),
      );
      return added ? sealed : null;
    },

    async update(current, change, contents, event) {
      const keys = await keyring();
      const issuer = change.issuer ?? current.issuer;
      if (keys.subjectDigest(issuer, contents.identity.subject) !== current.subjectDigest)
        throw new RangeError('an account stays with its identity');
      const account = {
        ...current,
        ...change,
        generation: current.generation + 1,
        hasRefreshToken: contents.refreshToken !== null,
      };
      const sealed = { ...account, sealed: sealContents(keys, account, contents) };
      const { generation } = current;
      const replaced = await (await guard()).record(
        (step) => store.replace(sealed, generation, step),
        lineOf(events, event?.(account)),
      );
      return replaced ? sealed : null;
    },

    async intend(account, refreshToken, at, pid) {
      const tokenDigest = (await keyring()).tokenDigest(refreshToken.reveal());
      const before = await store.intent(account.id);
      const cutOff = before !== null && equalBytes(before.tokenDigest, tokenDigest) ? before : null;
      const attempt = (cutOff?.attempt ?? 0) + 1;
      const { id, generation } = account;
      const written = await store.intend({ accountId: id, generation, tokenDigest, attempt, at, pid });
      return written ? cutOff : 'moved_on';
    },

    sealAnswer: async (account, answer) => sealAnswer(await keyring(), account, answer),
    openAnswer: async (account, sealed) => openAnswer(await keyring(), account, sealed),

    recordAttempt: (account, attempt) => store.recordAttempt(account.id, account.generation, attempt),
    remove: async (id, event) =>
      (await guard()).record((step) => store.remove(id, step), lineOf(events, event)),

    trail: store.trail,
    settleEvents,
    async verifyTrail() {
      await settleEvents();
      const { verifyTrail } = await import('./audit-verify.js');
      return verifyTrail(await keyring(), store);
    },

    async close() {
      const keys = await unlocked?.catch(() => null);
      // They wait for the next process then.
      if (keys && events?.queue.due === true) await settleEvents().catch(() => undefined);
      keys?.wipe();
      await store.close();
    },
  };
}
