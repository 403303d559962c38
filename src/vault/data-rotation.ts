import { equalBytes } from '../crypto/derive.js';
import { sealedHeader } from '../crypto/sealed-box.js';
import type { Account } from '../domain/account.js';
import type { AuditEvent } from '../domain/audit-events.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { MasterKeyRow, Resealed, SealedAccount, Store, VaultHead } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import { damaged, isDamage } from './damage.js';
import { dataKeyIds, freshDataKeys, wrapDataKeys } from './data-keys.js';
import { type Keyring, openKeyring } from './keyring.js';
import type { KeyringAccess } from './keyring-access.js';
import { lineOf, type VaultEvents } from './queued-events.js';
import { resealClients } from './registered-clients.js';
import { type Contents, openContents, sealContents } from './sealed-account.js';

/** An id has two bytes in a sealed field. */
const HIGHEST_ID = 0xffff;

/** A master key in plaintext. The caller wipes it. */
export interface OpenMaster {
  readonly row: MasterKeyRow;
  readonly master: Uint8Array;
}

/**
 * Replaces the data keys in steps, each of which is one commit. Between the steps only the new keys seal, but old and new keys
 * open. Other processes find out from the ledger, which is sealed under the new keys from the first step on: with the old keys
 * nothing can be written.
 */
export interface DataKeyRotation {
  /**
   * Adds new data keys, wrapped by every master key of the vault, and seals the ledger under them.
   *
   * @throws VaultError when the vault was altered: then nothing has changed
   */
  begin(masters: readonly OpenMaster[], event: AuditEvent): Promise<void>;
  /** Ids of the accounts and registered clients that are not sealed under the newest data keys alone. */
  behind(): Promise<readonly string[]>;
  /** Reseals these under the newest data keys, the accounts in one commit. */
  reseal(ids: readonly string[]): Promise<ResealedBatch>;
  /** Deletes the replaced data keys. @returns false when something still needs them, or when there are none */
  finish(event: AuditEvent): Promise<boolean>;
}

export interface ResealedBatch {
  readonly done: number;
  /** Accounts that do not open; they are left as they are. */
  readonly unreadable: readonly Account[];
}

export interface DataKeyRotationParts {
  readonly store: Store;
  readonly access: KeyringAccess;
  readonly clock: Clock;
  readonly events: VaultEvents | undefined;
}

export function dataKeyRotation({ store, access, clock, events }: DataKeyRotationParts): DataKeyRotation {
  const { using } = access;

  async function resealed(keys: Keyring, before: SealedAccount): Promise<Resealed> {
    const contents = openContents(keys, before);
    const [subjectDigest] = keys.subjectDigests(before.issuer, contents.identity.subject);
    const sealed = sealContents(keys, { ...before, subjectDigest }, contents);
    return { before, sealed, subjectDigest, intent: await renewedDigest(keys, before.id, contents) };
  }

  /** An unsettled attempt is recognized by the digest of the token that it sent. */
  async function renewedDigest(keys: Keyring, accountId: string, { refreshToken }: Contents) {
    const intent = await store.intent(accountId);
    if (intent === null || refreshToken === null) return null;
    const [to, ...older] = keys.tokenDigests(refreshToken.reveal());
    const isOld = older.some((digest) => equalBytes(digest, intent.tokenDigest));
    return isOld ? { from: intent.tokenDigest, to } : null;
  }

  return {
    async begin(masters, event) {
      await access.renew();
      await using(async (keys, guard) => {
        const head = await store.head();
        const own = masters.find(({ row }) => row.reference === keys.reference);
        requireKeys(keys);
        if (own === undefined || masters.length !== head.masterKeys.length)
          throw damaged('its table of keys');
        const added = newKeys(head, masters, clock.now());
        const withNew = { ...head, wrappedKeys: [...head.wrappedKeys, ...added] };
        // Keys that cannot be opened must not be written.
        for (const { row, master } of masters) openKeyring(withNew, row, master).wipe();
        const next = openKeyring(withNew, own.row, own.master);
        try {
          const line = lineOf(events, event);
          await (await guard()).rekey(next, (make) => store.dataKeys.add(added, make), line);
        } finally {
          next.wipe();
        }
      });
      await access.renew();
    },

    async behind() {
      const newest = dataKeyIds(await store.head()).newest.map(sealedHeader);
      const isNewest = (header: Uint8Array) => newest.some((each) => each.equals(header));
      const rows = await store.dataKeys.sealedUnder();
      return rows.filter(({ headers }) => !headers.every(isNewest)).map(({ id }) => id);
    },

    async reseal(ids) {
      await access.renew();
      return using(async (keys) => {
        requireKeys(keys);
        const accounts: Resealed[] = [];
        const unreadable: Account[] = [];
        await resealClients(keys, store, ids);
        for (const id of ids) {
          const before = await store.account(id);
          if (before === null) continue;
          try {
            accounts.push(await resealed(keys, before));
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
 * A damaged data key can be restored from a recovery file, but not after new data keys were added.
 *
 * @throws VaultError `vault_damaged` when a data key does not unwrap
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
          hint: `make a new vault in another profile: ${command('init', 'new')}`,
        },
      );
    }
    return masters.flatMap(({ row, master }) => wrapDataKeys(head.vaultId, row.reference, master, fresh));
  } finally {
    for (const { key } of fresh) key.fill(0);
  }
}
