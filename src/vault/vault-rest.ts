import { equalBytes, randomId } from '../crypto/derive.js';
import { HOUR } from '../domain/duration.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import { isUnidentified } from '../domain/unidentified.js';
import { concernsWholeVault, isDamage } from './damage.js';
import type { KeyringAccess } from './keyring-access.js';
import { lineOf } from './queued-events.js';
import { derivedOf, openContents, openIdentity, sealContents } from './sealed-account.js';
import { openAnswer, openLogin, sealAnswer, sealLogin } from './sealed-spill.js';
import type { VaultParts, VaultRest } from './vault.js';

/** While something stays wrong, its alarm is repeated this often. */
const ALARM_INTERVAL = HOUR;

/** The methods of a vault that `vault token` does not need if the token is valid; see `vaultOver`. */
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

  const rest: VaultRest = {
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
          ...derivedOf(contents),
        };
        const sealed = { ...account, sealed: sealContents(keys, account, contents) };
        const line = lineOf(events, event?.(account));
        const added = await (await guard()).record((step) => store.insert(sealed, step), line);
        return added ? sealed : null;
      }),

    update: (current, change, contents, event, keepsIntent = false, absorbed = null) =>
      using(async (keys, guard) => {
        const { generation } = current;
        const digests = keys.subjectDigests(change.issuer ?? current.issuer, contents.identity.subject);
        const row = digests.includes(current.subjectDigest) ? current : await store.account(current.id);
        if (row?.generation !== generation) return null;
        if (!digests.includes(row.subjectDigest)) {
          if (!isUnidentified(openIdentity(keys, row)))
            throw new RangeError('an account stays with its identity');
          for (const digest of digests.slice(1))
            if ((await store.accountBySubject(row.provider, change.issuer ?? row.issuer, digest)) !== null)
              return null;
        }
        const account = {
          ...current,
          ...change,
          subjectDigest: digests[0],
          generation: generation + 1,
          ...derivedOf(contents),
        };
        const sealed = { ...account, sealed: sealContents(keys, account, contents) };
        const line = lineOf(events, event?.(account));
        const { record } = await guard();
        const replaced = await record(
          (step) =>
            absorbed === null
              ? store.replace(sealed, generation, step, keepsIntent)
              : record((other) =>
                  store.replace(sealed, generation, step, keepsIntent, { ...absorbed, step: other }),
                ),
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
    async clients() {
      const { registeredClients } = await import('./registered-clients.js');
      return registeredClients({ store, access, events });
    },
    settleEvents,
    async verifyTrail() {
      const { tailMatchesLedger, verifyTrail } = await import('./trail-check.js');
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
