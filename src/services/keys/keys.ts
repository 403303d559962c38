import { MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import type { MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { KeyTrailDeps } from './key-trail.js';
import type { MasterKeyView } from './keys-contract.js';
import type { ReadBack } from './new-master.js';

/** Whoever holds the vault may be asking a person something. */
export const PATIENCE = MINUTE;

export interface KeysDeps extends KeyTrailDeps {
  readonly store: () => Promise<Store | null>;
  readonly database: string;
  readonly locks: Locks;
  /** The source that this machine uses. */
  readonly present: () => Promise<KeySource>;
  readonly readBack: ReadBack;
}

/**
 * Runs an action while no other process makes the vault, changes its keys, copies it or puts it back.
 *
 * @param signal ends the wait for the others
 * @throws VaultError `busy` when they take too long; the signal's reason; what the action throws
 */
export async function holdingVault<T>(
  { locks }: Pick<KeysDeps, 'locks'>,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await locks.acquire('vault', PATIENCE, signal);
  try {
    return await action();
  } finally {
    await lock.release();
  }
}

/** A master key as it is shown. @param source where it is */
export function viewOf(
  { reference, createdAt }: MasterKeyRow,
  { kind, place }: KeySource,
  inUse: boolean,
): MasterKeyView {
  return { source: kind, reference, createdAt, place, inUse };
}

/** What a command ends with that names a source in which the vault has no master key. */
export function noSuchKey(head: VaultHead, kind: KeySourceKind): VaultError {
  const kinds = [...new Set(head.masterKeys.map(({ source }) => source))];
  return new VaultError(
    'usage',
    `the vault has no master key in a source of the kind ${kind}; it has one in: ${kinds.join(', ')}`,
    {
      hint: `see which there are: vault key status\nto add one: vault key add ${kind}${kind === 'command' ? ' -- pass show token-vault' : ''}`,
    },
  );
}

/** @throws VaultError `account_not_found` where there is no vault */
export async function present({ store }: Pick<KeysDeps, 'store'>): Promise<Store> {
  const opened = await store();
  if (opened !== null) return opened;
  throw new VaultError('account_not_found', 'there is no vault yet, so it has no keys', {
    hint: 'vault init',
  });
}
