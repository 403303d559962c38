import { ERROR_CODES, VaultError } from '../../domain/errors.js';
import type { Vault } from '../../vault/vault.js';

/**
 * The error for an account that is not there, once it is certain that none has vanished from the vault. Without the key that
 * cannot be checked, and the error says so.
 *
 * @param error says that the account is not there
 * @returns the same, or the `vault_damaged` that was found instead
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
