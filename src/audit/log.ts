import { dirname } from 'node:path';
import { random } from '../crypto/derive.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { CallerProcess } from '../system/caller-process.js';
import type { Clock, Files } from '../system/contract.js';
import type { Audit, AuditEvent, AuditLine } from './events.js';

const LIMIT_BYTES = 10 * 1024 * 1024;
const KEPT_FILES = 5;
const ID_BYTES = 12;
const MOST_UNRECORDED = 100;

export interface AuditLogOptions {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly actor: { readonly pid: number; readonly uid: number | undefined };
  /** Who started this process; asked once, when there is something to record. */
  readonly asker?: () => CallerProcess;
  /** Where events wait that are not chained with a change of their own. */
  readonly queue?: EventQueue;
  /** Told when a line could not be written. */
  readonly notice: (line: string) => void;
}

export interface AuditLog extends Audit {
  /** The event as it will stand in the trail, and under the same id in the log once it is recorded. */
  line(event: AuditEvent): AuditLine;
}

/**
 * `security.log`: one JSON object a line, time first; five files of 10 MiB at most. What is not in the vault's trail yet
 * goes into the queue as well, from where it comes into the trail.
 */
export function auditLog(options: AuditLogOptions): AuditLog {
  const { path, files, clock, actor, queue, notice } = options;
  /** Lines for the trail that are not in the log yet, by their events in JSON. */
  const made = new Map<string, AuditLine>();
  let asker: CallerProcess | null | undefined;
  /** A long-lived process would tell the same of every event. */
  const told = new Set<string>();

  function tellOnce(what: string): void {
    if (!told.has(what)) notice(what);
    told.add(what);
  }

  function line(event: AuditEvent): AuditLine {
    asker ??= options.asker?.() ?? null;
    const at = clock.now();
    const id = random(ID_BYTES).toString('base64url');
    const said = {
      time: new Date(at).toISOString(),
      id,
      pid: actor.pid,
      ...(actor.uid === undefined ? {} : { uid: actor.uid }),
      ...asker,
      ...event,
    };
    return { at, id, body: inAscii(JSON.stringify(said)) };
  }

  function lineForTrail(event: AuditEvent): AuditLine {
    // The line of a change that failed is never recorded, and has to go sometime.
    const [oldest] = made.keys();
    if (made.size >= MOST_UNRECORDED && oldest !== undefined) made.delete(oldest);
    const one = line(event);
    made.set(JSON.stringify(event), one);
    return one;
  }

  function lineForLog(event: AuditEvent): AuditLine {
    const said = JSON.stringify(event);
    const one = made.get(said) ?? line(event);
    made.delete(said);
    return one;
  }

  return {
    line: lineForTrail,
    record(event, chained) {
      let one: AuditLine;
      try {
        one = lineForLog(event);
        files.ensureFolder(dirname(path));
        files.append(path, Buffer.from(`${one.body}\n`, 'latin1'), LIMIT_BYTES, KEPT_FILES);
      } catch {
        tellOnce(`the event ${event.event} could not be written to ${path}`);
        return;
      }
      try {
        if (chained === undefined) queue?.put(one.body, event.event === 'token_given');
      } catch {
        tellOnce(`the event ${event.event} stands in ${path} only, and not in the vault's trail`);
      }
    },
  };
}

/** The same document for terminals and line readers of any kind: nothing in it turns, hides or ends a line. */
function inAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
