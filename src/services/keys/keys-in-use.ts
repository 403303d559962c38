import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import type { VaultHead } from '../../stores/contract.js';
import { type KeysDeps, noSuchKey, present } from './keys.js';
import type { DataKeyView, KeyStatus, MasterKeyView, UsedKey } from './keys-contract.js';
import { rowsOf, unlock } from './unlock.js';

export interface StatusDeps extends Pick<KeysDeps, 'store' | 'present'> {
  readonly decidedBy: string | null;
  /** The path of the vault's own key file, where there is one. */
  readonly ownKeyFile: string | null;
}

/** What the vault knows of a key source this machine does not use: no more than its kind. */
const PLACES: Readonly<Record<KeySourceKind, string>> = {
  keychain: 'OS keychain',
  file: 'a key file',
  credential: 'a systemd credential',
  command: 'a command',
  passphrase: 'a passphrase',
};

/** Which master keys the vault has and which of them this machine uses. Fetches no key. */
export async function keyStatus(deps: StatusDeps): Promise<KeyStatus> {
  const source = await deps.present();
  const store = await deps.store();
  const head = await store?.head();
  const [used] = head === undefined ? [] : rowsOf(head, source.kind);
  const keys = (head?.masterKeys ?? []).map(
    (row): MasterKeyView => ({
      source: row.source,
      reference: row.reference,
      createdAt: row.createdAt,
      place: row.source === source.kind ? source.place : placeOf(row.source, deps.ownKeyFile),
      inUse: row.reference === used?.reference,
    }),
  );
  const unfinished = (await store?.leftovers()) ?? [];
  return { keys, dataKeys: dataKeysOf(head), unfinished, inUse: source.kind, decidedBy: deps.decidedBy };
}

/** Each master key wraps the same ones. */
function dataKeysOf(head: VaultHead | undefined): readonly DataKeyView[] {
  const found = new Map<number, DataKeyView>();
  for (const { dataKeyId: id, purpose, createdAt } of head?.wrappedKeys ?? []) {
    found.set(id, { id, purpose, createdAt });
  }
  return [...found.values()];
}

function placeOf(kind: string, ownKeyFile: string | null): string {
  if (kind === 'file' && ownKeyFile !== null) return `key file ${ownKeyFile}`;
  return Object.hasOwn(PLACES, kind) ? PLACES[kind as KeySourceKind] : 'unknown to this version';
}

export interface UseDeps extends Pick<KeysDeps, 'store' | 'database' | 'audit'> {
  readonly configFile: string;
  readonly remember: (source: KeySource) => Promise<unknown>;
  /** What goes before the configuration and decides for a source itself; null: nothing. */
  readonly overruledBy: string | null;
}

/**
 * Opens the vault with the key from a source, and writes down that this machine uses it from now on.
 *
 * @throws VaultError the source's codes; `usage` when the vault has no master key there
 */
export async function useKey(deps: UseDeps, source: KeySource): Promise<UsedKey> {
  const head = await (await present(deps)).head();
  if (rowsOf(head, source.kind).length === 0) throw noSuchKey(head, source.kind);
  const { row, master, keyring } = await unlock(head, source, deps.database);
  master.fill(0);
  keyring.wipe();
  await deps.remember(source);
  deps.audit.record({ event: 'key_chosen', key_source: source.kind, reference: row.reference });
  const { reference, createdAt } = row;
  return {
    key: { source: source.kind, reference, createdAt, place: source.place, inUse: deps.overruledBy === null },
    configFile: deps.configFile,
    warning:
      deps.overruledBy === null
        ? null
        : `${deps.overruledBy} is set and goes first; unset it to have ${deps.configFile} decide`,
  };
}
