import { join } from 'node:path';
import type { Abuse } from '../audit/abuse.js';
import { type AuditLog, auditLog } from '../audit/log.js';
import { trailEvents } from '../audit/trail-events.js';
import { eventQueue } from '../stores/audit-queue.js';
import type { Store } from '../stores/contract.js';
import { callerProcessOf } from '../system/caller-process.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { VaultEvents } from '../vault/queued-events.js';

/* How app.ts wires the record of events, and what is read from it. */

export interface AuditParts {
  readonly host: Pick<Host, 'pid' | 'uid' | 'platform'>;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly notice: (line: string) => void;
}

/** The record of events, and those that are waiting for the vault's trail. */
export function createAudit({ host, paths, files, clock, notice }: AuditParts): {
  readonly audit: AuditLog;
  readonly events: VaultEvents;
} {
  const queue = eventQueue(queueFolder(paths), files);
  const asker = () => callerProcessOf(host.platform);
  const audit = auditLog({ path: paths.securityLog, files, clock, actor: host, asker, queue, notice });
  return { audit, events: trailEvents(audit, queue) };
}

/** What the last day's events tell of abuse, for a command that may only look. */
export async function abuseOf(
  { paths, clock }: Pick<AuditParts, 'paths' | 'clock'>,
  files: Files,
  inspect: () => Promise<{ readonly store: Store } | null>,
): Promise<readonly Abuse[]> {
  const { recentAbuse } = await import('../audit/abuse.js');
  const trail = (await inspect())?.store.trail ?? null;
  return recentAbuse(trail, eventQueue(queueFolder(paths), files), clock.now());
}

function queueFolder({ state }: Paths): string {
  return join(state, 'audit');
}
