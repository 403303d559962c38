import { dirname } from 'node:path';
import { random } from '../crypto/derive.js';
import { AUDIT_EVENTS, type Audit, type AuditEvent, type AuditLine } from '../domain/audit-events.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { CallerProcess } from '../system/caller-process.js';
import type { Clock, Files } from '../system/contract.js';
import type { VaultEvents } from '../vault/queued-events.js';

const LIMIT_BYTES = 10 * 1024 * 1024;
const KEPT_FILES = 5;
const ID_BYTES = 12;
const MOST_UNRECORDED = 100;

export interface AuditLogOptions {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly actor: { readonly pid: number; readonly uid: number | undefined };
  /** The process that started this one; called at the first event. */
  readonly caller?: () => CallerProcess;
  /** For events that are not chained with a change. */
  readonly queue?: EventQueue;
  /** Called when a line could not be written. */
  readonly notice: (line: string) => void;
}

export interface AuditLog extends Audit {
  /** The event's line for the trail; the log gets the same id when it is recorded. */
  line(event: AuditEvent): AuditLine;
}

/**
 * `security.log`: one JSON object per line, time first; five files of 10 MiB at most. An event that is not in the vault's trail
 * yet is also queued for it.
 */
export function auditLog(options: AuditLogOptions): AuditLog {
  const { path, files, clock, actor, queue, notice } = options;
  /** Lines for the trail that are not in the log yet, by event. */
  const made = new Map<string, AuditLine>();
  let caller: CallerProcess | null | undefined;
  /** Each notice is printed once, because a long-lived process would repeat it for every event. */
  const noticed = new Set<string>();

  function noticeOnce(what: string): void {
    if (!noticed.has(what)) notice(what);
    noticed.add(what);
  }

  function line(event: AuditEvent): AuditLine {
    caller ??= options.caller?.() ?? null;
    const at = clock.now();
    const id = random(ID_BYTES).toString('base64url');
    const said = {
      time: new Date(at).toISOString(),
      id,
      pid: actor.pid,
      ...(actor.uid === undefined ? {} : { uid: actor.uid }),
      ...caller,
      ...event,
    };
    return { at, id, body: inAscii(JSON.stringify(said)) };
  }

  function lineForTrail(event: AuditEvent): AuditLine {
    // The line of a failed change is never recorded, so old ones are dropped.
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
        noticeOnce(`the event ${event.event} could not be written to ${path}`);
        return;
      }
      try {
        if (chained === undefined) queue?.put(one.body, event.event === 'token_given');
      } catch {
        noticeOnce(`the event ${event.event} is in ${path} only, not in the audit trail of the vault`);
      }
    },
  };
}

/** Rewrites JSON in ASCII, which is safe for terminals and for programs that read lines. */
function inAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What a vault needs to write events into its trail. */
export function trailEvents(log: AuditLog, queue: EventQueue): VaultEvents {
  const lineOf = (event: AuditEvent) => {
    const { at, id, body } = log.line(event);
    return { at, origin: id, body };
  };
  return {
    queue,
    known: AUDIT_EVENTS,
    line: log.line,
    altered: (count) => lineOf({ event: 'queue_altered', count }),
    added: (count) => lineOf({ event: 'trail_altered', count }),
  };
}
