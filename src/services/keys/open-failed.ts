import type { Audit } from '../../audit/events.js';
import { isInterruption, VaultError } from '../../domain/errors.js';

/** Waits for the vault to be opened, and records it when that fails. @param keySource the kind of source, or `recovery_file` */
export async function notingFailure<T>(audit: Audit, keySource: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (failure) {
    noteOpenFailed(audit, keySource, failure);
    throw failure;
  }
}

/** Records that the vault was not opened. Whoever broke off has tried nothing. @param keySource the kind of source */
export function noteOpenFailed(audit: Audit, keySource: string, failure: unknown): void {
  if (!(failure instanceof VaultError) || isInterruption(failure)) return;
  audit.record({ event: 'open_failed', code: failure.code, key_source: keySource });
}
