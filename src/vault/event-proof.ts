import { frame } from '../crypto/framing.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';

const NOTHING = new Uint8Array();

/** Proves every line that this process queues from now on. */
export function proving(events: { readonly queue: Pick<EventQueue, 'prove'> } | undefined) {
  return (keyring: Keyring): Keyring => {
    events?.queue.prove((body) => proofOf(keyring, body));
    return keyring;
  };
}

/** Nothing, sealed and bound to the line: proves that a process with the vault's keys wrote it. */
export function proofOf(keyring: Keyring, body: string): string {
  const sealed = keyring.ledger.seal(NOTHING, additionalData(keyring, body)).toString('base64url');
  return `${nameOf(keyring)}.${sealed}`;
}

/** Identifies the vault: a line of another vault cannot be checked, and must not count as altered. */
export function nameOf({ vaultId }: Keyring): string {
  return Buffer.from(vaultId).toString('base64url');
}

export function additionalData({ vaultId }: Keyring, body: string): Buffer {
  return frame([FORMAT, vaultId, 'audit queue', body]);
}
