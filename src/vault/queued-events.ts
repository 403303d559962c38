import type { AuditEvent, AuditLine } from '../audit/events.js';
import { frame } from '../crypto/framing.js';
import { VaultError } from '../domain/errors.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { Keyring } from './keyring.js';
import type { TrailLine } from './ledger.js';
import { FORMAT } from './master-key.js';

/*
 * Lines that wait for the trail. A process that has opened the vault proves each line it leaves; what one without the key
 * has to say (a login before there is a vault, a key that does not open it) comes in unproved, and says so.
 */

const UNPROVED = '-';
const NOTHING = new Uint8Array();
/** Longer than any event. */
const LONGEST = 4_096;

/** What a vault knows of events that are not in its trail yet. */
export interface TrailEvents {
  readonly queue: EventQueue;
  /** The names of all events there are. */
  readonly known: Readonly<Record<string, true>>;
  /** The line that tells of waiting lines which were altered. */
  readonly altered: (count: number) => TrailLine;
  /** The line that tells of entries which somebody else has put at the end of the trail. */
  readonly added: (count: number) => TrailLine;
}

export interface VaultEvents extends TrailEvents {
  /** The event as it will stand in the trail. */
  readonly line: (event: AuditEvent) => AuditLine;
}

/** Proves every line that this process leaves from now on with the keys it is given. */
export function proving(events: VaultEvents | undefined) {
  return (keyring: Keyring): Keyring => {
    events?.queue.prove((body) => proofOf(keyring, body));
    return keyring;
  };
}

/** Proves the lines that `action` leaves with these keys, which may be wiped afterwards. */
export function whileProving(events: VaultEvents | undefined, keyring: Keyring, action: () => void): void {
  const asBefore = events?.queue.prove((body) => proofOf(keyring, body));
  try {
    action();
  } finally {
    asBefore?.();
  }
}

/** What comes into the trail with a change; null when nothing does. */
export function lineOf(events: VaultEvents | undefined, event: AuditEvent | undefined): TrailLine | null {
  if (events === undefined || event === undefined) return null;
  const { at, id, body } = events.line(event);
  return { at, origin: id, body };
}

/**
 * Takes the lines that wait, for the trail. A queue that cannot be read does not stop the change that would take them along.
 *
 * @param notice told when the queue cannot be used
 */
export function takeWaiting(
  keyring: Keyring,
  events: TrailEvents | undefined,
  notice: (line: string) => void,
): { readonly lines: readonly TrailLine[]; done(): void } {
  const nothing = { lines: [] as readonly string[], done: () => {} };
  if (events === undefined) return { lines: [], done: nothing.done };
  const unlessUnusable = <T>(action: () => T, otherwise: T): T => {
    try {
      return action();
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      notice(`events wait for the trail of the vault: ${failure.message}`);
      return otherwise;
    }
  };
  const taken = unlessUnusable(() => events.queue.take(), nothing);
  const read = taken.lines.map((line) => readQueued(keyring, line, events.known));
  const lines = read.filter((line) => line !== null);
  const altered = read.length - lines.length;
  return {
    lines: altered === 0 ? lines : [...lines, events.altered(altered)],
    done: () => unlessUnusable(() => taken.done(), undefined),
  };
}

/**
 * Proves that a process with the vault's keys wrote a line: no bytes at all, sealed and bound to the line. The header of what
 * is sealed says which data key opens it.
 */
function proofOf(keyring: Keyring, body: string): string {
  const sealed = keyring.ledger.seal(NOTHING, binding(keyring, body)).toString('base64url');
  return `${nameOf(keyring)}.${sealed}`;
}

/** Names the vault that proved a line: what another vault has left here cannot be checked, and must not count as altered. */
function nameOf({ vaultId }: Keyring): string {
  return Buffer.from(vaultId).toString('base64url');
}

/**
 * @returns null when it cannot be told: another vault made the proof, or this vault does not have the data key, because it was
 * replaced or the vault was put back. Nobody gains by forging such a proof: a line without one counts the same.
 */
function isProof(keyring: Keyring, body: string, proof: string): boolean | null {
  try {
    const [name, rest = ''] = proof.split('.');
    if (name !== nameOf(keyring)) return null;
    const sealed = Buffer.from(rest, 'base64url');
    if (!keyring.ledger.knows(sealed)) return null;
    return keyring.ledger.open(sealed, binding(keyring, body)).length === 0;
  } catch (failure) {
    if (failure instanceof VaultError) return false;
    throw failure;
  }
}

function binding({ vaultId }: Keyring, body: string): Buffer {
  return frame([FORMAT, vaultId, 'audit queue', body]);
}

/** @param events the names of all events there are. @returns null when it is no line of ours, or not as it was written */
function readQueued(
  keyring: Keyring,
  line: string,
  events: Readonly<Record<string, true>>,
): TrailLine | null {
  const end = line.indexOf(' ');
  const [proof, body] = [line.slice(0, end), line.slice(end + 1)];
  const said = facts(body, events);
  if (said === null) return null;
  const proved = proof === UNPROVED ? null : isProof(keyring, body, proof);
  if (proved === null) return { ...said, body: `${body.slice(0, -1)},"unproved":true}` };
  return proved ? { ...said, body } : null;
}

function facts(
  body: string,
  events: Readonly<Record<string, true>>,
): Pick<TrailLine, 'at' | 'origin'> | null {
  if (body.length > LONGEST || !/^\{[\x20-\x7e]+\}$/.test(body)) return null;
  try {
    const { time, id, event } = JSON.parse(body) as Record<string, unknown>;
    if (typeof time !== 'string' || typeof id !== 'string' || typeof event !== 'string') return null;
    const at = Date.parse(time);
    return Number.isSafeInteger(at) && id.length <= 64 && Object.hasOwn(events, event)
      ? { at, origin: id }
      : null;
  } catch {
    return null;
  }
}
