import { OpenFailure, type OpenFailureKind, open, sealedKeyId } from '../crypto/sealed-box.js';
import type { VaultError } from '../domain/errors.js';

/** Says in words why sealed bytes could not be opened. */
export type Explain = (kind: OpenFailureKind) => VaultError;

export function keyIdOrExplain(sealed: Uint8Array, explain: Explain): number {
  try {
    return sealedKeyId(sealed);
  } catch (failure) {
    throw failure instanceof OpenFailure ? explain(failure.kind) : failure;
  }
}

export function openOrExplain(
  key: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
  explain: Explain,
): Buffer {
  try {
    return open(key, sealed, aad);
  } catch (failure) {
    throw failure instanceof OpenFailure ? explain(failure.kind) : failure;
  }
}
