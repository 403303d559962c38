import type { Audit } from '../../audit/events.js';
import { isInterruption, VaultError } from '../../domain/errors.js';

/** The same promise; when it fails, that is taken down. @param keySource the kind of source, or `recovery_file` */
export async function notingFailure<T>(audit: Audit, keySource: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (failure) {
    noteOpenFailed(audit, keySource, failure);
    throw failure;
  }
}

/** Takes down that the vault was not opened; whoever broke off has tried nothing. @param keySource the kind of source */
export function noteOpenFailed(audit: Audit, keySource: string, failure: unknown): void {
  if (!(failure instanceof VaultError) || isInterruption(failure)) return;
  audit.record({ event: 'open_failed', code: failure.code, key_source: keySource });
}
