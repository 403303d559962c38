import { ERROR_CODES, VaultError } from '../../domain/errors.js';
import type { Vault } from '../../vault/vault.js';

/**
 * What to say when an account is not there: that it is not there, once it is certain that none has vanished from the vault.
 * Where the key cannot be had that stays open, and is said.
 *
 * @param error says that it is not there
 * @returns that, or the `vault_damaged` that was found instead
 */
export async function notThere(vault: Vault | null, error: VaultError): Promise<VaultError> {
  try {
    await vault?.verifyRowSet();
    return error;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    if (failure.exitCode !== ERROR_CODES.key_unavailable) return failure;
    return new VaultError(
      error.code,
      `${error.message}; whether one has vanished from the vault could not be checked: ${failure.message}`,
      { ...(error.hint === undefined ? {} : { hint: error.hint }), details: error.details, cause: failure },
    );
  }
}
