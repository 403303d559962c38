import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import { dataKeysOf } from './data-key-status.js';
import { type KeyTrailDeps, recordKeyUse } from './key-trail.js';
import { type KeysDeps, noSuchKey, present, viewOf } from './keys.js';
import type { KeyStatus, MasterKeyView, UsedKey } from './keys-contract.js';
import { rowsOf, withKeyring } from './unlock.js';

export interface StatusDeps extends Pick<KeysDeps, 'store' | 'present'> {
  readonly decidedBy: string | null;
  /** The path of the vault's own key file, where there is one. */
  readonly ownKeyFile: string | null;
}

/** How a key source is called that this machine does not use: the vault knows no more of it than the kind. */
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
  const dataKeys = store && head ? await dataKeysOf(store, head) : [];
  return { keys, dataKeys, unfinished, inUse: source.kind, decidedBy: deps.decidedBy };
}

function placeOf(kind: string, ownKeyFile: string | null): string {
  if (kind === 'file' && ownKeyFile !== null) return `key file ${ownKeyFile}`;
  return Object.hasOwn(PLACES, kind) ? PLACES[kind as KeySourceKind] : 'unknown to this version';
}

export interface UseDeps extends KeyTrailDeps, Pick<KeysDeps, 'store' | 'database'> {
  readonly configFile: string;
  /** @returns null when it was written there already */
  readonly remember: (source: KeySource) => Promise<(() => void) | null>;
  /** What goes before the configuration and decides for a source itself; null: nothing. */
  readonly overruledBy: string | null;
}

/**
 * Opens the vault with the key from a source, and writes down that this machine uses it from now on.
 *
 * @throws VaultError the source's codes; `usage` when the vault has no master key there
 */
export async function useKey(deps: UseDeps, source: KeySource): Promise<UsedKey> {
  const store = await present(deps);
  const head = await store.head();
  if (rowsOf(head, source.kind).length === 0) throw noSuchKey(head, source.kind);
  return withKeyring(deps, head, source, async (keyring, row) => {
    const changed = await deps.remember(source);
    const chosen = { event: 'key_chosen', key_source: source.kind, reference: row.reference } as const;
    await recordKeyUse(deps, { store, keyring }, chosen);
    if (changed !== null) {
      const what = { event: 'configuration_changed', what: 'key_source' } as const;
      await recordKeyUse(deps, { store, keyring }, what);
    }
    const { overruledBy, configFile } = deps;
    const warning =
      overruledBy === null
        ? null
        : `${overruledBy} is set and goes first; unset it to have ${configFile} decide`;
    return { key: viewOf(row, source, overruledBy === null), configFile, warning };
  });
}
