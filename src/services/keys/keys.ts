import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import type { Locks, Store, VaultHead } from '../../stores/contract.js';
import type { KeyTrailDeps } from './key-trail.js';
import type { ReadBack } from './new-master.js';

/** Whoever else changes the keys may be asking a person something. */
export const PATIENCE = 60_000;

export interface KeysDeps extends KeyTrailDeps {
  readonly store: () => Promise<Store | null>;
  readonly database: string;
  readonly locks: Locks;
  /** The source that this machine uses. */
  readonly present: () => Promise<KeySource>;
  readonly readBack: ReadBack;
}

/** @throws VaultError `usage` when the vault has no master key in such a source */
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
