import { VaultError } from '../domain/errors.js';
import { rfc3339 } from '../domain/time.js';
import type { KeySourceKind } from '../keysources/contract.js';
import type { KeyChoice, MasterKeyView, PassphraseFrom, UseCases } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import type { RawInput } from './spec.js';

export type KeyInput =
  | { readonly action: 'status' }
  | { readonly action: 'add' | 'use'; readonly choice: KeyChoice }
  /** A choice of `data`: the data keys, and no master key. */
  | { readonly action: 'rotate'; readonly choice: KeyChoice | 'data' | null }
  | { readonly action: 'export'; readonly file: string; readonly passphrase: PassphraseFrom }
  | {
      readonly action: 'import';
      readonly file: string;
      readonly passphrase: PassphraseFrom;
      readonly choice: KeyChoice | null;
    }
  | { readonly action: 'remove'; readonly kind: KeySourceKind; readonly yes: boolean };

export type Action = KeyInput['action'];
export type InputOf<Name extends Action> = Extract<KeyInput, { readonly action: Name }>;

/** One thing to do with the keys: how the words after its name are read, and how it is done. */
export interface ActionSpec {
  parse(raw: RawInput, word: string | null, more: readonly string[]): KeyInput;
  run(useCases: UseCases, input: never, io: Io): Promise<void>;
}

export function keyDocument({ source, reference, createdAt, place, inUse }: MasterKeyView) {
  return { source, reference, created_at: rfc3339(createdAt), place, in_use: inUse };
}

/** @throws VaultError `usage` */
export function fileNamed(word: string | null, action: string): string {
  if (word !== null) return word;
  throw new VaultError('usage', `vault key ${action} takes the file`, {
    hint: `for example: vault key ${action} token-vault.recovery`,
  });
}
