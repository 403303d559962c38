import { newestFirst, saidText } from '../../audit/reading.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { EventQueue } from '../../stores/audit-queue.js';
import type { Clock } from '../../system/contract.js';
import type { RollbackState } from '../../vault/rollback.js';
import type { Vault } from '../../vault/vault.js';
import type { TrailFault } from '../../vault/verify.js';

export interface AuditRequest {
  /** A name, a provider or the beginning of a name; null: all. */
  readonly selector: string | null;
  /** Only what is younger, in milliseconds; null: whatever its age. */
  readonly since: number | null;
  /** The newest so many. */
  readonly limit: number;
}

/** One event as it is shown. */
export interface AuditEntryView {
  /** Null while it waits for the trail. */
  readonly seq: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What the line says, member by member; empty when it is no line of ours. */
  readonly said: Readonly<Record<string, unknown>>;
  /** The account's name today; null for none, or one that is gone. */
  readonly accountName: string | null;
}

export interface AuditVerdict {
  readonly checked: number;
  readonly unproved: number;
  readonly fault: TrailFault | null;
  /** How the vault as a whole stands: what an older copy lacks, its trail lacks too. */
  readonly standing: RollbackState;
}

export interface AuditUseCases {
  /** Newest last. Needs no key. @throws VaultError `account_not_found` */
  auditTrail(request: AuditRequest): Promise<readonly AuditEntryView[]>;
  /** Follows the whole chain; null where there is no vault. @throws VaultError the key's and the vault's own codes */
  verifyAudit(): Promise<AuditVerdict | null>;
}

export interface AuditDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly queue: EventQueue;
  readonly clock: Clock;
}

/**
 * What has happened, newest last. Nothing of it is sealed, so no key is fetched; what waits for the trail is shown as well.
 *
 * @throws VaultError `account_not_found` when nothing was ever written of such an account
 */
export async function auditTrail(deps: AuditDeps, request: AuditRequest): Promise<readonly AuditEntryView[]> {
  const vault = await deps.vault();
  const names = new Map(
    (await (vault?.accounts() ?? [])).map((account) => [account.id, accountName(account)]),
  );
  const wanted = request.selector === null ? null : idsOf(names, request.selector);
  const oldest = request.since === null ? Number.NEGATIVE_INFINITY : deps.clock.now() - request.since;
  const found: AuditEntryView[] = [];
  for await (const line of newestFirst(vault?.trail ?? null, deps.queue)) {
    if (found.length >= request.limit) break;
    const id = saidText(line.said, 'account');
    // Lines that waited come into the trail late, so an old one may stand among younger ones: it does not end the search.
    if (line.at < oldest || (wanted !== null && !(id !== null && wanted(id)))) continue;
    found.push({ ...line, accountName: id === null ? null : (names.get(id) ?? null) });
  }
  return found.sort((a, b) => a.at - b.at || order(a) - order(b));
}

/** @throws VaultError the key's and the vault's own codes */
export async function verifyAudit({ vault }: AuditDeps): Promise<AuditVerdict | null> {
  const opened = await vault();
  if (opened === null) return null;
  const { standing } = await opened.examine();
  return { ...(await opened.verifyTrail()), standing };
}

/** Whoever is gone from the vault goes by the id that stands in the lines. */
function idsOf(names: ReadonlyMap<string, string>, selector: string): (id: string) => boolean {
  const ids = [...names].filter(([, name]) => name.startsWith(selector)).map(([id]) => id);
  if (ids.length > 0) return (id) => ids.includes(id);
  if (/^[0-9a-f]{8}[0-9a-f-]*$/.test(selector)) return (id) => id.startsWith(selector);
  throw new VaultError('account_not_found', `no account begins with ${selector}`, {
    hint: 'vault list\nan account that is gone goes by its id, which is in: vault audit --json',
  });
}

function order({ seq }: AuditEntryView): number {
  return seq ?? Number.MAX_SAFE_INTEGER;
}
