import type { EventQueue } from '../stores/contract.js';
import type { VaultEvents } from '../vault/audit-queued.js';
import { AUDIT_EVENTS } from './events.js';
import type { AuditLog } from './log.js';

/** What a vault needs to bring events into its trail: those that wait in the queue, and lines as the log writes them. */
export function trailEvents(log: AuditLog, queue: EventQueue): VaultEvents {
  return {
    queue,
    known: AUDIT_EVENTS,
    line: log.line,
    altered(count) {
      const { at, id, body } = log.line({ event: 'queue_altered', count });
      return { at, origin: id, body };
    },
  };
}
