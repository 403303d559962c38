import type { AuditEvent, AuditLine } from '../domain/audit-events.js';
import { VaultError } from '../domain/errors.js';
import type { EventQueue } from '../stores/audit-queue.js';
import { additionalData, nameOf, proofOf } from './event-proof.js';
import type { Keyring } from './keyring.js';
import type { TrailLine } from './trail.js';

/*
 * Events in the queue, on their way into the trail. A process that has opened the vault adds a proof to each line; a line without
 * one (a login before there is a vault, a key that does not open it) is marked as unproved.
 */

const UNPROVED = '-';
const MAX_BODY = 4_096;

export interface TrailEvents {
  readonly queue: EventQueue;
  /** The names of all events. */
  readonly known: Readonly<Record<string, true>>;
  /** The event for queued lines that were altered. */
  readonly altered: (count: number) => TrailLine;
  /** The event for forged entries at the end of the trail. */
  readonly added: (count: number) => TrailLine;
}

export interface VaultEvents extends TrailEvents {
  readonly line: (event: AuditEvent) => AuditLine;
}

/** Proves the lines that `action` queues. The keys may be wiped afterwards. */
export function whileProving(events: VaultEvents | undefined, keyring: Keyring, action: () => void): void {
  const restore = events?.queue.prove((body) => proofOf(keyring, body));
  try {
    action();
  } finally {
    restore?.();
  }
}

export function lineOf(events: VaultEvents | undefined, event: AuditEvent | undefined): TrailLine | null {
  if (events === undefined || event === undefined) return null;
  const { at, id, body } = events.line(event);
  return { at, origin: id, body };
}

/**
 * Takes all queued lines. A queue that cannot be read causes a warning and does not stop the change that would carry them.
 */
export function takeQueued(
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
      notice(`events could not be added to the audit trail: ${failure.message}`);
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
 * @returns null when it is unknown: another vault made the proof, or the data key is missing here, because it was replaced or the
 * vault was restored. Forging such a proof gains nothing: a line without one counts the same.
 */
function isProof(keyring: Keyring, body: string, proof: string): boolean | null {
  try {
    const [name, rest = ''] = proof.split('.');
    if (name !== nameOf(keyring)) return null;
    const sealed = Buffer.from(rest, 'base64url');
    if (!keyring.ledger.knows(sealed)) return null;
    return keyring.ledger.open(sealed, additionalData(keyring, body)).length === 0;
  } catch (failure) {
    if (failure instanceof VaultError) return false;
    throw failure;
  }
}

/** @returns null when the line was altered */
function readQueued(
  keyring: Keyring,
  line: string,
  events: Readonly<Record<string, true>>,
): TrailLine | null {
  const end = line.indexOf(' ');
  const [proof, body] = [line.slice(0, end), line.slice(end + 1)];
  const found = facts(body, events);
  if (found === null) return null;
  const proved = proof === UNPROVED ? null : isProof(keyring, body, proof);
  if (proved === null) return { ...found, body: `${body.slice(0, -1)},"unproved":true}` };
  return proved ? { ...found, body } : null;
}

function facts(
  body: string,
  events: Readonly<Record<string, true>>,
): Pick<TrailLine, 'at' | 'origin'> | null {
  if (body.length > MAX_BODY || !/^\{[\x20-\x7e]+\}$/.test(body)) return null;
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
