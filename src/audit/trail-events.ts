import type { EventQueue } from '../stores/audit-queue.js';
import type { VaultEvents } from '../vault/queued-events.js';
import { AUDIT_EVENTS, type AuditEvent } from './events.js';
import type { AuditLog } from './log.js';

/** What a vault needs to bring events into its trail: those that wait in the queue, and lines as the log writes them. */
export function trailEvents(log: AuditLog, queue: EventQueue): VaultEvents {
  const telling = (event: AuditEvent) => {
    const { at, id, body } = log.line(event);
    return { at, origin: id, body };
  };
  return {
    queue,
    known: AUDIT_EVENTS,
    line: log.line,
    altered: (count) => telling({ event: 'queue_altered', count }),
    added: (count) => telling({ event: 'trail_altered', count }),
  };
}
