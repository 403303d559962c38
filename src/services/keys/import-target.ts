import { ERROR_CODES, VaultError, withMoreHints } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { KeySource } from '../../keysources/contract.js';

/**
 * A source that a new key is to go into by way of a recovery file. Where it does not work, its errors name a key file as the
 * way out: whoever has lost a key may be on a machine that never had that source.
 *
 * @param file the recovery file
 */
export function orIntoFile(source: KeySource, file: string): KeySource {
  if (source.kind === 'file') return source;
  async function explained<T>(making: Promise<T>): Promise<T> {
    try {
      return await making;
    } catch (failure) {
      throw withFile(failure, file);
    }
  }
  switch (source.keys) {
    case 'stored':
      return {
        ...source,
        createBeside: (reference, key) => explained(source.createBeside(reference, key)),
      };
    case 'derived':
      return { ...source, derive: (reference, replaced) => explained(source.derive(reference, replaced)) };
    case 'given':
      return { ...source, load: (reference, parameters) => explained(source.load(reference, parameters)) };
  }
}

function withFile(failure: unknown, file: string): unknown {
  if (!(failure instanceof VaultError) || failure.exitCode !== ERROR_CODES.key_unavailable) return failure;
  return withMoreHints(failure, [`or have the new key in a file: vault key import ${inQuotes(file)} file`]);
}
