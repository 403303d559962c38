import { dirname } from 'node:path';
import type { Clock, Files } from '../system/contract.js';
import type { Audit } from './events.js';

const LIMIT_BYTES = 10 * 1024 * 1024;
const KEPT_FILES = 5;

export interface AuditLogOptions {
  readonly path: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly actor: { readonly pid: number; readonly uid: number | undefined };
  /** Told when a line could not be written. */
  readonly notice: (line: string) => void;
}

/** `security.log`: one JSON object a line, time first; five files of 10 MiB at most. */
export function auditLog({ path, files, clock, actor, notice }: AuditLogOptions): Audit {
  return {
    record(event) {
      try {
        const line = JSON.stringify({
          time: new Date(clock.now()).toISOString(),
          pid: actor.pid,
          ...(actor.uid === undefined ? {} : { uid: actor.uid }),
          ...event,
        });
        files.ensureFolder(dirname(path));
        files.append(path, Buffer.from(`${inAscii(line)}\n`, 'utf8'), LIMIT_BYTES, KEPT_FILES);
      } catch {
        notice(`the event ${event.event} could not be written to ${path}`);
      }
    },
  };
}

/** The same document for terminals and line readers of any kind: nothing in it turns, hides or ends a line. */
function inAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
