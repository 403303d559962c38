import type { AuditEvent } from '../audit/events.js';
import { equalBytes } from '../crypto/derive.js';
import { sealedHeader } from '../crypto/sealed-box.js';
import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { MasterKeyRow, SealedAccount, SealedAnew, Store, VaultHead } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import { damaged, isDamage } from './damage.js';
import { type Keyring, openKeyring } from './keyring.js';
import type { KeyringAccess } from './keyring-access.js';
import { dataKeyIds, freshDataKeys, wrapDataKeys } from './master-key.js';
import { lineOf, type VaultEvents } from './queued-events.js';
import { type Contents, openContents, sealContents } from './sealed-record.js';

/** A sealed field has two bytes for it. */
const HIGHEST_ID = 0xffff;

/** A master key in the clear. The caller wipes it. */
export interface OpenMaster {
  readonly row: MasterKeyRow;
  readonly master: Uint8Array;
}

/**
 * Replaces the data keys in steps, each of which is one commit. In between both the old and the new ones are there: the new
 * ones seal, both open, and nothing else can tell. Whoever works with the vault meanwhile learns of the new keys from the
 * ledger, which is sealed under them from the first step on: with the old keys alone nothing can be written any more.
 */
export interface DataKeyRotation {
  /**
   * Adds new data keys, wrapped by every master key of the vault, and seals the ledger under them.
   *
   * @throws VaultError when the vault is not as it was left: then nothing has changed
   */
  begin(masters: readonly OpenMaster[], event: AuditEvent): Promise<void>;
  /** Ids of the accounts of which something is sealed under other data keys than the newest. */
  behind(): Promise<readonly string[]>;
  /** Seals what these accounts keep under the newest data keys, in one commit. */
  sealAnew(accountIds: readonly string[]): Promise<ResealedBatch>;
  /** Takes the replaced data keys out. @returns false when something still needs them, or when there are none */
  finish(event: AuditEvent): Promise<boolean>;
}

export interface ResealedBatch {
  readonly done: number;
  /** Accounts that do not open: they are left as they are. */
  readonly unreadable: readonly Account[];
}

export interface DataKeyRotationParts {
  readonly store: Store;
  readonly hand: KeyringAccess;
  readonly clock: Clock;
  readonly events: VaultEvents | undefined;
}

export function dataKeyRotation({ store, hand, clock, events }: DataKeyRotationParts): DataKeyRotation {
  const { using } = hand;

  /** What an account looks like under the newest keys. */
  async function anew(keys: Keyring, before: SealedAccount): Promise<SealedAnew> {
    const contents = openContents(keys, before);
    const [subjectDigest] = keys.subjectDigests(before.issuer, contents.identity.subject);
    const sealed = sealContents(keys, { ...before, subjectDigest }, contents);
    return { before, sealed, subjectDigest, intent: await intentAnew(keys, before.id, contents) };
  }

  /** An attempt that was cut off has to be known again by the digest of the token that it sent. */
  async function intentAnew(keys: Keyring, accountId: string, { refreshToken }: Contents) {
    const intent = await store.intent(accountId);
    if (intent === null || refreshToken === null) return null;
    const [to, ...older] = keys.tokenDigests(refreshToken.reveal());
    const isOld = older.some((digest) => equalBytes(digest, intent.tokenDigest));
    return isOld ? { from: intent.tokenDigest, to } : null;
  }

  return {
    async begin(masters, event) {
      await hand.renew();
      await using(async (keys, guard) => {
        const head = await store.head();
        const own = masters.find(({ row }) => row.reference === keys.reference);
        requireKeys(keys);
        if (own === undefined || masters.length !== head.masterKeys.length)
          throw damaged('its table of keys');
        const added = newKeys(head, masters, clock.now());
        const withNew = { ...head, wrappedKeys: [...head.wrappedKeys, ...added] };
        // What cannot be opened again must not be written.
        for (const { row, master } of masters) openKeyring(withNew, row, master).wipe();
        const next = openKeyring(withNew, own.row, own.master);
        try {
          const line = lineOf(events, event);
          await (await guard()).rekey(next, (make) => store.dataKeys.add(added, make), line);
        } finally {
          next.wipe();
        }
      });
      await hand.renew();
    },

    async behind() {
      const newest = dataKeyIds(await store.head()).newest.map(sealedHeader);
      const isNewest = (header: Uint8Array) => newest.some((each) => each.equals(header));
      const accounts = await store.dataKeys.sealedUnder();
      return accounts.filter(({ headers }) => !headers.every(isNewest)).map(({ accountId }) => accountId);
    },

    async sealAnew(accountIds) {
      await hand.renew();
      return using(async (keys) => {
        requireKeys(keys);
        const accounts: SealedAnew[] = [];
        const unreadable: Account[] = [];
        for (const id of accountIds) {
          const before = await store.account(id);
          if (before === null) continue;
          try {
            accounts.push(await anew(keys, before));
          } catch (failure) {
            if (!isDamage(failure)) throw failure;
            unreadable.push(before);
          }
        }
        return { done: await store.dataKeys.replace(accounts), unreadable };
      });
    },

    async finish(event) {
      const { replaced } = dataKeyIds(await store.head());
      const headers = replaced.map(sealedHeader);
      return using(async (_, guard) =>
        (await guard()).record((step) => store.dataKeys.drop(replaced, headers, step), lineOf(events, event)),
      );
    },
  };
}

/**
 * Makes sure that every data key unwraps. One that is damaged can still be had from a recovery file, but not once new data keys
 * have come: the file was made for the old ones.
 *
 * @throws VaultError `vault_damaged`
 */
function requireKeys(keys: Keyring): void {
  for (const { key } of keys.dataKeys()) key.fill(0);
}

function newKeys(head: VaultHead, masters: readonly OpenMaster[], now: number) {
  const after = Math.max(...head.wrappedKeys.map(({ dataKeyId }) => dataKeyId));
  const fresh = freshDataKeys(after, now);
  try {
    if (fresh.some(({ dataKeyId }) => dataKeyId > HIGHEST_ID)) {
      throw new VaultError(
        'usage',
        'the data keys of this vault have been replaced as often as its format allows',
        {
          hint: 'make a new vault in another profile: vault --profile new init',
        },
      );
    }
    return masters.flatMap(({ row, master }) => wrapDataKeys(head.vaultId, row.reference, master, fresh));
  } finally {
    for (const { key } of fresh) key.fill(0);
  }
}
