import { equalBytes, randomId } from '../crypto/derive.js';
import { HOUR } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import type { Marks, Store } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import { lineOf, proving, type VaultEvents } from './audit-queued.js';
import type { Vault } from './contract.js';
import { concernsWholeVault, isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import { keysAtHand } from './keys-at-hand.js';
import { openAccessToken, openContents, openIdentity, sealContents } from './sealed-record.js';
import { openAnswer, sealAnswer } from './unstored-answer.js';
import { openLogin, sealLogin } from './unstored-login.js';

export type * from './contract.js';

export interface VaultParts {
  readonly store: Store;
  /** Gives the keyring when something sealed is needed for the first time, and again when its data keys were replaced. */
  readonly unlock: () => Promise<Keyring>;
  readonly marks: () => Promise<Marks>;
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
  const hand = keysAtHand({
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
    told: store.told,

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
      const { endsAsSealed, verifyTrail } = await import('./audit-verify.js');
      const verified = () => watched(using((keys) => verifyTrail(keys, store)));
      // What comes into the trail would take the place of what somebody else has put at its end.
      const untouched = await using((keys) => endsAsSealed(keys, store));
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
