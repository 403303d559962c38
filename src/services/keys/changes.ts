import type { KeySources } from '../../access/key-sources-rest.js';
import { loadOrNull } from '../../access/new-key.js';
import type { VaultAccess } from '../../access/vault-access.js';
import type { Context } from '../../context.js';
import { equalBytes } from '../../crypto/derive.js';
import type { Audit, AuditEvent } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { KeySource, KeySourceKind, StoringKeySource } from '../../keysources/contract.js';
import type { LedgerStep, MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import type { Paths } from '../../system/contract.js';
import { isReferenceOf } from '../../vault/data-keys.js';
import { createGuard } from '../../vault/guard.js';
import type { Keyring } from '../../vault/keyring.js';
import { openLedger } from '../../vault/ledger.js';
import { keyCheckValue } from '../../vault/master-key.js';
import { lineOf, type VaultEvents, whileProving } from '../../vault/queued-events.js';

/* What every change of the keys does: it holds the vault, checks that the vault is no copy, and leaves an entry in the trail. */

export interface TrailContext extends Pick<Context, 'clock' | 'marks' | 'events' | 'notice'> {
  readonly audit: Audit;
}

export interface KeysContext extends TrailContext, Pick<Context, 'locks'> {
  readonly access: Pick<VaultAccess, 'store'>;
  readonly paths: Pick<Paths, 'database'>;
  readonly keys: Pick<KeySources, 'current' | 'readBack'>;
}

export interface OpenVault {
  readonly store: Store;
  readonly keyring: Keyring;
}

/** One of the master keys of the vault. */
export interface MasterKeyView {
  /** The kind of its source as the vault has it, possibly one of a later version. */
  readonly source: string;
  readonly reference: string;
  readonly createdAt: number;
  /** Where this machine would load it from, in words. */
  readonly place: string;
  /** This machine opens the vault with it. */
  readonly inUse: boolean;
}

/** @param so what follows where there is no vault @throws VaultError `account_not_found` there */
export async function requireStore(
  access: Pick<VaultAccess, 'store'>,
  so = 'so it has no keys',
): Promise<Store> {
  const opened = await access.store();
  if (opened !== null) return opened;
  throw new VaultError('account_not_found', `there is no vault yet, ${so}`, {
    hint: command('init'),
  });
}

export function viewOf(
  { reference, createdAt }: MasterKeyRow,
  { kind, place }: KeySource,
  inUse: boolean,
): MasterKeyView {
  return { source: kind, reference, createdAt, place, inUse };
}

export function noSuchKey(head: VaultHead, kind: KeySourceKind): VaultError {
  const kinds = [...new Set(head.masterKeys.map(({ source }) => source))];
  const program = kind === 'command' ? ' -- pass show token-vault' : '';
  return new VaultError(
    'usage',
    `the vault has no master key in the source ${kind}; its keys are in: ${kinds.join(', ')}`,
    { hint: `list the keys: ${command('key status')}\nor add one: ${command(`key add ${kind}${program}`)}` },
  );
}

/**
 * Changes the keys and adds the event to the trail in one transaction; then the security log gets the same line.
 *
 * @param change returns whether it changed anything
 * @returns the same; without a change there is no entry
 * @throws VaultError the vault's own codes
 */
export async function recordKeyChange(
  { clock, audit, marks, events, notice }: TrailContext,
  vault: OpenVault,
  event: AuditEvent,
  change: (step: LedgerStep) => Promise<boolean>,
): Promise<boolean> {
  const guard = createGuard({ ...vault, marks: await marks(), clock, notice, events });
  const done = await guard.record(change, lineOf(events, event));
  if (done) audit.record(event, 'chained');
  return done;
}

/** Adds an event to the trail that has happened already: where the trail cannot be written, the event is queued for it. */
export async function recordKeyUse(ctx: TrailContext, vault: OpenVault, event: AuditEvent): Promise<void> {
  try {
    await recordKeyChange(ctx, vault, event, vault.store.note);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    recordProved(ctx, vault.keyring, event);
  }
}

/** Queues an event for the trail, with a proof made by the keyring, which may be wiped afterwards. Null: without a proof. */
export function recordProved(
  { audit, events }: { readonly audit: Audit; readonly events?: VaultEvents },
  keyring: Keyring | null,
  event: AuditEvent,
): void {
  const record = () => audit.record(event);
  if (keyring === null) record();
  else whileProving(events, keyring, record);
}

/*
 * A key source knows nothing of copies: every copy of a vault finds its key under the same name, and on one desktop in the same
 * keychain. A key that one copy deletes is lost to the others.
 */

/**
 * Refuses to go on in a copy of the vault that its owner has not accepted.
 *
 * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`
 */
export async function requireCurrentHere(ctx: TrailContext, vault: OpenVault): Promise<void> {
  const { clock, notice } = ctx;
  await createGuard({ ...vault, marks: await ctx.marks(), clock, notice }).requireCurrent();
}

/**
 * Why a key must not be deleted from its source; null when it may be. References in the database are not authenticated: an
 * attacker may have written the name of another vault's key there, or of a key that this vault has.
 *
 * @throws VaultError the vault's own codes
 */
export async function reasonToKeepKey(
  { store, keyring }: OpenVault,
  reference: string,
): Promise<string | null> {
  const { vaultId, masterKeys } = await store.head();
  if (!isReferenceOf(vaultId, reference)) return 'it is not named like the keys of this vault';
  if (masterKeys.some((row) => row.reference === reference)) return 'this vault uses it';
  const isUsedElsewhere = openLedger(keyring, await store.ledger()).places.size > 1;
  return isUsedElsewhere ? 'another copy of this vault may need it' : null;
}

/**
 * Whether a source has a key of the vault, nothing, or another key under its reference: the default key file, for example, may
 * be another file on another machine.
 *
 * @throws VaultError the source's codes but `key_missing`
 */
export async function findIn(
  source: StoringKeySource,
  { vaultId }: VaultHead,
  { reference, checkValue }: MasterKeyRow,
): Promise<'found' | 'missing' | 'another'> {
  const key = await loadOrNull(source, reference);
  if (key === null) return 'missing';
  const isIt = equalBytes(keyCheckValue(vaultId, reference, key), checkValue);
  key.fill(0);
  return isIt ? 'found' : 'another';
}
