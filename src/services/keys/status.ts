import type { KeySources } from '../../access/key-sources-rest.js';
import { rowsOf } from '../../access/unlock.js';
import type { VaultAccess } from '../../access/vault-access.js';
import { withKeyring } from '../../access/with-keyring.js';
import { sealedHeader } from '../../crypto/sealed-box.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import type { Store, VaultHead } from '../../stores/contract.js';
import type { Files, Paths } from '../../system/contract.js';
import { dataKeyIds } from '../../vault/data-keys.js';
import {
  type MasterKeyView,
  noSuchKey,
  recordKeyUse,
  requireStore,
  type TrailContext,
  viewOf,
} from './changes.js';

export interface StatusContext {
  readonly access: Pick<VaultAccess, 'store'>;
  readonly paths: Pick<Paths, 'keyFile'>;
  readonly files: Pick<Files, 'exists'>;
  readonly keys: Pick<KeySources, 'current' | 'decidedBy'>;
}

/** A key that an interrupted change may have left in its source. */
export interface UnfinishedKey {
  readonly source: string;
  readonly reference: string;
  readonly since: number;
}

export interface DataKeyView {
  readonly id: number;
  readonly purpose: string;
  readonly createdAt: number;
  /** A newer one has replaced it; it is deleted when nothing needs it any more. */
  readonly replaced: boolean;
  /** How many accounts have something sealed under it; null when the rows cannot be read. */
  readonly accounts: number | null;
}

export interface KeyStatus {
  /** Oldest first; empty where there is no vault. */
  readonly keys: readonly MasterKeyView[];
  /** Each master key wraps all of them. */
  readonly dataKeys: readonly DataKeyView[];
  readonly unfinished: readonly UnfinishedKey[];
  /** The kind of source this machine is set to, whether or not the vault has a key there. */
  readonly inUse: KeySourceKind;
  /** Whether the key file that this machine is set to does not exist. */
  readonly missing: boolean;
  /** `VAULT_KEY_FILE` or the path of `config.json`, whichever names the source; null: neither does. */
  readonly decidedBy: string | null;
}

/** For sources that this machine does not use: the vault stores only their kind. */
const PLACES: Readonly<Record<KeySourceKind, string>> = {
  keychain: 'OS keychain',
  file: 'a key file',
  credential: 'a systemd credential',
  command: 'a command',
  passphrase: 'a passphrase',
};

/** Lists the keys of the vault, and which of them this machine uses. Loads no key. */
export async function keyStatus({ access, paths, files, keys: sources }: StatusContext): Promise<KeyStatus> {
  const source = await sources.current();
  const store = await access.store();
  const ownKeyFile = files.exists(paths.keyFile) ? paths.keyFile : null;
  const head = await store?.head();
  const [used] = head === undefined ? [] : rowsOf(head, source.kind);
  const keys = (head?.masterKeys ?? []).map(
    (row): MasterKeyView => ({
      source: row.source,
      reference: row.reference,
      createdAt: row.createdAt,
      place: row.source === source.kind ? source.place : placeOf(row.source, ownKeyFile),
      inUse: row.reference === used?.reference,
    }),
  );
  const unfinished = (await store?.leftovers()) ?? [];
  const dataKeys = store && head ? await dataKeysOf(store, head) : [];
  const missing = isMissing(source, files);
  const decidedBy = await sources.decidedBy();
  return { keys, dataKeys, unfinished, inUse: source.kind, missing, decidedBy };
}

/** Whether a key source is a file that does not exist. Loads no key. */
export function isMissing({ path }: Pick<KeySource, 'path'>, files: Pick<Files, 'exists'>): boolean {
  return path !== null && !files.exists(path);
}

function placeOf(kind: string, ownKeyFile: string | null): string {
  if (kind === 'file' && ownKeyFile !== null) return `key file ${ownKeyFile}`;
  return Object.hasOwn(PLACES, kind) ? PLACES[kind as KeySourceKind] : 'unknown to this version';
}

async function dataKeysOf(store: Store, head: VaultHead): Promise<readonly DataKeyView[]> {
  const { replaced } = dataKeyIds(head);
  const accounts = await accountsByHeader(store);
  const views = new Map<number, DataKeyView>();
  for (const { dataKeyId: id, purpose, createdAt } of head.wrappedKeys) {
    const sealed = accounts === null ? null : (accounts.get(sealedHeader(id).toString('hex')) ?? 0);
    views.set(id, { id, purpose, createdAt, replaced: replaced.includes(id), accounts: sealed });
  }
  return [...views.values()];
}

/** How many accounts have a field with each header of a sealed field; null when the rows cannot be read. */
async function accountsByHeader(store: Store): Promise<ReadonlyMap<string, number> | null> {
  try {
    const numbers = new Map<string, number>();
    for (const { headers } of await store.dataKeys.sealedUnder()) {
      // One key seals two fields of an account: its access token and its id_token.
      const names = new Set([...headers].map((header) => Buffer.from(header).toString('hex')));
      for (const name of names) numbers.set(name, (numbers.get(name) ?? 0) + 1);
    }
    return numbers;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return null;
  }
}

export interface UsedKey {
  readonly key: MasterKeyView;
  readonly configFile: string;
  /** Why this choice has no effect yet; null if it takes effect. */
  readonly warning: string | null;
}

export interface UseContext extends TrailContext {
  readonly access: Pick<VaultAccess, 'store'>;
  readonly paths: Pick<Paths, 'database' | 'configFile'>;
  readonly keys: Pick<KeySources, 'remember' | 'decidedBy'>;
}

/**
 * Makes this machine use the key from a source, once it has opened the vault.
 *
 * @throws VaultError the source's codes; `usage` when the vault has no master key there
 */
export async function useKey(ctx: UseContext, source: KeySource): Promise<UsedKey> {
  const store = await requireStore(ctx.access);
  const head = await store.head();
  if (rowsOf(head, source.kind).length === 0) throw noSuchKey(head, source.kind);
  return withKeyring(ctx, head, source, async (keyring, row) => {
    const changed = await ctx.keys.remember(source);
    const chosen = { event: 'key_chosen', key_source: source.kind, reference: row.reference } as const;
    await recordKeyUse(ctx, { store, keyring }, chosen);
    if (changed !== null) {
      const event = { event: 'configuration_changed', what: 'key_source' } as const;
      await recordKeyUse(ctx, { store, keyring }, event);
    }
    const { configFile } = ctx.paths;
    const decidedBy = await ctx.keys.decidedBy();
    const isInForce = decidedBy === configFile;
    const warning = isInForce ? null : `${decidedBy} is set and overrides ${configFile}; unset it`;
    return { key: viewOf(row, source, isInForce), configFile, warning };
  });
}
