import type { NewMaster } from '../../access/new-key.js';
import { rowsOf } from '../../access/unlock.js';
import { holdingVault } from '../../access/vault-lock.js';
import { withKeyring } from '../../access/with-keyring.js';
import { equalBytes, random } from '../../crypto/derive.js';
import { KEY_BYTES } from '../../crypto/sealed-box.js';
import type { AuditEvent } from '../../domain/audit-events.js';
import { type ErrorCode, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { KeySource, StoringKeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import { nextReference } from '../../vault/data-keys.js';
import { keyCheckValue } from '../../vault/master-key.js';
import { recordNewKey } from './add.js';
import {
  findIn,
  type KeysContext,
  type MasterKeyView,
  noSuchKey,
  type OpenVault,
  reasonToKeepKey,
  requireCurrentHere,
  requireStore,
  viewOf,
} from './changes.js';
import { deleteLeftovers } from './remove.js';

export interface RotatedKey {
  readonly key: MasterKeyView;
  /** The reference of the old key. */
  readonly replaced: string;
  /** What became of the old key, in words. */
  readonly old: string;
  /** What the user still has to do, in words; null: nothing. */
  readonly next: string | null;
}

/** How many references are tried. More collisions than that are no accident. */
const MAX_ATTEMPTS = 8;
/** After these failures the source holds no new key of ours; with `vault_exists` it holds one that another copy has put there. */
const NOTHING_STORED: readonly ErrorCode[] = [
  'vault_exists',
  'keychain_not_installed',
  'session_bus_missing',
];

/**
 * Replaces the master key of one source. The order that loses nothing: the new reference is noted in the vault, the key is
 * made beside the old one and read back; one commit exchanges the rows and notes the old reference; the old key is deleted
 * from its source, and then its note. After a kill at any point both keys exist, the vault opens with one of them, and the
 * notes say what the next run has to delete.
 *
 * @param choice null: the source in use
 * @throws VaultError the source's codes; `usage` when the source returns the same key as before; `vault_rolled_back` and
 * `vault_cloned` in a copy that its owner has not accepted
 */
export async function rotateKey(ctx: KeysContext, choice: KeySource | null): Promise<RotatedKey> {
  const store = await requireStore(ctx.access);
  return holdingVault(ctx, async () => {
    const head = await store.head();
    const inUse = await ctx.keys.current();
    const target = choice ?? inUse;
    const { kind } = target;
    const dropped = rowsOf(head, kind);
    const [row] = dropped;
    if (row === undefined) throw noSuchKey(head, kind);
    if (target.keys === 'given' && kind === inUse.kind) throw ownersKey(kind, target.recipe);
    if (kind === inUse.kind && target.path !== inUse.path) throw elsewhere(inUse);
    const { reference: replaced } = row;
    return withKeyring(ctx, head, inUse, async (keyring) => {
      const vault = { store, keyring };
      await requireCurrentHere(ctx, vault);
      if (target.keys === 'stored' && (await findIn(target, head, row)) !== 'found') throw notFound(target);
      await deleteLeftovers(vault, target, replaced);
      const made = await exchangeKey(ctx, {
        store,
        head,
        target,
        dropped,
        keyring,
        event: (reference) => ({ event: 'key_rotated', key_source: kind, reference, replaced }),
      });
      return {
        key: viewOf(made, target, kind === inUse.kind),
        replaced,
        old: await deleteOld(vault, target, made.reference, replaced),
        next: nextStep(target, inUse),
      };
    });
  });
}

/** Which keys of which vault are replaced, and the source of the new key. */
export interface Exchange extends OpenVault {
  readonly head: VaultHead;
  readonly target: KeySource;
  /** The target's rows, which the new one replaces. */
  readonly dropped: readonly MasterKeyRow[];
  /** @param reference of the new key */
  readonly event: (reference: string) => AuditEvent;
}

/**
 * Makes a new master key in a source beside the old one, reads it back, and replaces the rows in one commit, with its entry
 * in the trail. A failure before the commit leaves the source as it was, or a note of the key that stayed there.
 *
 * @throws VaultError the source's codes; `usage` when the source returns the same key as before
 */
export async function exchangeKey(ctx: KeysContext, exchange: Exchange): Promise<MasterKeyRow> {
  const { store, head, target: source, dropped, keyring, event } = exchange;
  const made = await newMaster(ctx, exchange);
  try {
    await ctx.keys.readBack(source, made);
    const references = dropped.map(({ reference }) => reference);
    const newKey = { head, source, made, event: event(made.reference) };
    return await recordNewKey(ctx, { store, keyring }, newKey, (row, wrapped, step) =>
      store.exchangeMasterKey(references, row, wrapped, step),
    );
  } catch (failure) {
    await discardNewKey(exchange, made);
    throw failure;
  } finally {
    made.master.fill(0);
  }
}

async function newMaster(ctx: KeysContext, { store, head, target, dropped }: Exchange): Promise<NewMaster> {
  const known = [...head.masterKeys, ...(await store.leftovers())];
  if (target.keys === 'stored') return makeBeside(ctx.clock, store, target, head.vaultId, known);
  const reference = nextReference(head.vaultId, known);
  const replaced = dropped.map(({ reference: old, checkValue, parameters }) => ({
    parameters,
    matches: (key: Buffer) => equalBytes(keyCheckValue(head.vaultId, old, key), checkValue),
  }));
  if (target.keys === 'derived') {
    const { key, parameters } = await target.derive(reference, replaced);
    return { reference, master: key, parameters };
  }
  const master = await target.load(reference);
  if (!replaced.some(({ matches }) => matches(master))) return { reference, master, parameters: null };
  master.fill(0);
  throw new VaultError('usage', `the ${target.place} still returns the old key`, {
    hint: `put a new key there, then run the command again: ${target.recipe}`,
  });
}

/**
 * Makes a new master key beside the one in use. The vault notes its name before the source stores it.
 *
 * @param known references that are taken
 * @throws VaultError the source's codes
 */
async function makeBeside(
  clock: Clock,
  store: Store,
  source: StoringKeySource,
  vaultId: Uint8Array,
  known: readonly { readonly reference: string }[],
): Promise<NewMaster> {
  const taken = [...known];
  const master = random(KEY_BYTES);
  for (let attempt = 1; ; attempt += 1) {
    const reference = nextReference(vaultId, taken);
    await store.noteLeftover({ reference, source: source.kind, since: clock.now() });
    try {
      await source.createBeside(reference, master);
      return { reference, master, parameters: null };
    } catch (failure) {
      const isTaken = failure instanceof VaultError && failure.code === 'vault_exists';
      if (failure instanceof VaultError && NOTHING_STORED.includes(failure.code))
        await store.forgetLeftover({ reference, source: source.kind });
      if (!isTaken || attempt === MAX_ATTEMPTS) {
        master.fill(0);
        throw failure;
      }
      taken.push({ reference });
    }
  }
}

/** A commit that was reported as failed may be on the disk: then the new key is needed and stays. */
async function discardNewKey({ store, target, dropped }: Exchange, { reference }: NewMaster): Promise<void> {
  if (target.keys !== 'stored') return;
  try {
    const { masterKeys } = await store.head();
    if (masterKeys.some((each) => each.reference === reference)) return;
    await target.drop(reference, dropped[0]?.reference ?? null);
    await store.forgetLeftover({ reference, source: target.kind });
  } catch {
    // The key is noted as a leftover, which the next run deletes.
  }
}

/** The vault no longer needs the old key, so a failure here undoes nothing. @returns what became of the key, in words */
async function deleteOld(vault: OpenVault, target: KeySource, kept: string, old: string): Promise<string> {
  const { kind, place } = target;
  const forget = () => vault.store.forgetLeftover({ reference: old, source: kind });
  try {
    const why = target.keys === 'stored' ? await reasonToKeepKey(vault, old) : null;
    if (why !== null) {
      await forget();
      return `the old key stays in the ${place}: ${why}`;
    }
    const isGone = target.keys === 'stored' ? await target.drop(old, kept) : null;
    await forget();
    if (isGone === true) return `the old key was deleted from the ${place}`;
    if (isGone === null) return 'the old key no longer opens the vault';
    return `the old key stays in the ${place}, first line: other vaults may need it`;
  } catch {
    return `the old key could not be deleted from the ${place} yet; the next ${command('key rotate')} deletes it`;
  }
}

/** If the passphrase was read from a file other than the usual one, the next command does not read it from there. */
function nextStep({ setting }: KeySource, { setting: usual }: KeySource): string | null {
  if (setting.kind !== 'passphrase' || usual.kind !== 'passphrase') return null;
  if (setting.file === null || setting.file === usual.file) return null;
  return `to have this machine read the new passphrase: ${command(`key use passphrase --passphrase-file ${inQuotes(setting.file)}`)}`;
}

/** Once the user has replaced that key, it does not open the vault: another key has to be there first. */
function ownersKey(kind: KeySource['kind'], recipe: string): VaultError {
  const words = kind === 'command' ? 'command -- …' : kind;
  return new VaultError('usage', 'you made the key in use yourself, so only you can replace it', {
    hint: [
      `open the vault with another key meanwhile: ${command('key add file')} && ${command('key use file')}`,
      `replace yours: ${recipe}`,
      `then: ${command(`key rotate ${words}`)} && ${command(`key use ${words}`)} && ${command('key remove file')}`,
    ].join('\n'),
  });
}

/** The path of a key file is kept only while this machine uses it. */
function notFound({ kind, place }: KeySource): VaultError {
  const other =
    kind === 'file' ? `if it is in another file: VAULT_KEY_FILE=FILE ${command('key rotate file')}\n` : '';
  return new VaultError('usage', `the ${place} does not contain the old key`, {
    hint: `${other}if that key is lost: ${command(`key remove ${kind}`)} && ${command(`key add ${kind}`)}`,
  });
}

function elsewhere({ kind, place }: KeySource): VaultError {
  return new VaultError(
    'usage',
    `this machine opens the vault with the ${place}, so the new key has to be stored there`,
    { hint: command(`key rotate ${kind}`) },
  );
}
