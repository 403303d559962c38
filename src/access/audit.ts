import { join } from 'node:path';
import { type AuditLog, auditLog, trailEvents } from '../audit/log.js';
import { eventQueue } from '../stores/audit-queue.js';
import { callerProcessOf } from '../system/caller-process.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { VaultEvents } from '../vault/queued-events.js';

export interface AuditParts {
  readonly host: Pick<Host, 'pid' | 'uid' | 'platform'>;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly notice: (line: string) => void;
}

/** The record of events, and those that wait for the vault's audit trail. */
export function createAudit({ host, paths, files, clock, notice }: AuditParts): {
  readonly audit: AuditLog;
  readonly events: VaultEvents;
} {
  const queue = eventQueue(join(paths.state, 'audit'), files);
  const caller = () => callerProcessOf(host.platform);
  const audit = auditLog({ path: paths.securityLog, files, clock, actor: host, caller, queue, notice });
  return { audit, events: trailEvents(audit, queue) };
}
