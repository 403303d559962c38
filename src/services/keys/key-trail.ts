import type { Audit, AuditEvent } from '../../audit/events.js';
import { VaultError } from '../../domain/errors.js';
import type { LedgerStep, Store } from '../../stores/contract.js';
import type { RollbackMarks } from '../../stores/rollback-marks.js';
import type { Clock } from '../../system/contract.js';
import { createGuard } from '../../vault/guard.js';
import type { Keyring } from '../../vault/keyring.js';
import { lineOf, type VaultEvents, whileProving } from '../../vault/queued-events.js';

/** What it takes to put something about the keys into the vault's trail. */
export interface KeyTrailDeps {
  readonly clock: Clock;
  readonly audit: Audit;
  readonly marks: () => Promise<RollbackMarks>;
  /** What goes into the vault's trail; nothing where it is left out. */
  readonly events?: VaultEvents;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string, hint?: string) => void;
}

/** A vault whose keys are at hand. */
export interface OpenVault {
  readonly store: Store;
  readonly keyring: Keyring;
}

/**
 * Changes the keys and puts the event into the trail in one transaction; the security log gets the same line after it.
 *
 * @param change tells whether anything was changed
 * @returns the same; without a change there is no entry
 * @throws VaultError the vault's own codes
 */
export async function recordKeyChange(
  { clock, audit, marks, events, notice }: KeyTrailDeps,
  vault: OpenVault,
  event: AuditEvent,
  change: (step: LedgerStep) => Promise<boolean>,
): Promise<boolean> {
  const guard = createGuard({ ...vault, marks: await marks(), clock, notice, ...(events && { events }) });
  const done = await guard.record(change, lineOf(events, event));
  if (done) audit.record(event, 'chained');
  return done;
}

/**
 * Puts into the trail what was done with the keys. That is done and cannot be taken back, so a trail that cannot be written is
 * no failure: then the event waits for it.
 */
export async function recordKeyUse(deps: KeyTrailDeps, vault: OpenVault, event: AuditEvent): Promise<void> {
  try {
    await recordKeyChange(deps, vault, event, vault.store.note);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    recordProved(deps, vault.keyring, event);
  }
}

/** Has the event wait for the trail, proved with keys that may be wiped afterwards. @param keyring null: none is at hand */
export function recordProved(
  { audit, events }: Pick<KeyTrailDeps, 'audit' | 'events'>,
  keyring: Keyring | null,
  event: AuditEvent,
): void {
  const record = () => audit.record(event);
  if (keyring === null) record();
  else whileProving(events, keyring, record);
}
