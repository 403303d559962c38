import { createHash } from 'node:crypto';
import { VaultError } from '../../src/domain/errors.js';
import type { DerivedKeySource } from '../../src/keysources/contract.js';

/** Derives its keys from what is typed, as the passphrase source does, without the half second of scrypt. */
export function derivedSource(type: () => string): DerivedKeySource {
  const keyOf = (text: string) => createHash('sha256').update(text).digest();
  return {
    kind: 'passphrase',
    keys: 'derived',
    setting: { kind: 'passphrase', file: null },
    place: 'passphrase',
    path: null,
    async load(_reference, parameters) {
      if (parameters !== 'sha256') throw new VaultError('vault_damaged', 'no parameters');
      return keyOf(type());
    },
    async derive(_reference, replaced = []) {
      const key = keyOf(type());
      if (replaced.some(({ matches }) => matches(key))) throw new VaultError('usage', 'the old one');
      return { key, parameters: 'sha256' };
    },
  };
}
