import { newestFirst, saidText } from '../../audit/reading.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { RollbackState } from '../../vault/rollback.js';
import type { TrailFault } from '../../vault/trail-check.js';

export interface AuditRequest {
  /** A name, a provider or a prefix of a name; null: all. */
  readonly selector: string | null;
  /** Only events newer than this, in milliseconds; null: of any age. */
  readonly since: number | null;
  /** At most this many, the newest. */
  readonly limit: number;
}

export interface AuditEntryView {
  /** Null while the event waits for the trail. */
  readonly seq: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The members of the entry's line; empty when the line is not readable. */
  readonly said: Readonly<Record<string, unknown>>;
  /** The account's current name; null for none, or for a removed one. */
  readonly accountName: string | null;
}

export interface AuditVerdict {
  readonly checked: number;
  readonly unproved: number;
  readonly fault: TrailFault | null;
  /** An older copy of the vault has an older trail that is intact in itself. */
  readonly standing: RollbackState;
}

/**
 * The events, newest last, including those that are not in the trail yet. Needs no key: nothing of it is sealed.
 *
 * @throws VaultError `account_not_found` when there is neither such an account nor an event of one
 */
export async function auditTrail(
  ctx: Pick<Context, 'vault' | 'events' | 'clock'>,
  request: AuditRequest,
): Promise<readonly AuditEntryView[]> {
  const vault = await ctx.vault();
  const names = new Map(
    (await (vault?.accounts() ?? [])).map((account) => [account.id, accountName(account)]),
  );
  const wanted = request.selector === null ? null : idsOf(names, request.selector);
  const oldest = request.since === null ? Number.NEGATIVE_INFINITY : ctx.clock.now() - request.since;
  const found: AuditEntryView[] = [];
  for await (const line of newestFirst(vault?.trail ?? null, ctx.events.queue)) {
    if (found.length >= request.limit) break;
    const id = saidText(line.said, 'account');
    // Events that waited are added late, so an old one may follow newer ones and does not end the search.
    if (line.at < oldest || (wanted !== null && !(id !== null && wanted(id)))) continue;
    found.push({ ...line, accountName: id === null ? null : (names.get(id) ?? null) });
  }
  return found.sort((a, b) => a.at - b.at || order(a) - order(b));
}

/**
 * Checks every entry of the trail.
 *
 * @returns null where there is no vault
 * @throws VaultError the key's and the vault's own codes
 */
export async function verifyAudit(ctx: Pick<Context, 'vault'>): Promise<AuditVerdict | null> {
  const opened = await ctx.vault();
  if (opened === null) return null;
  const { standing } = await opened.examine();
  return { ...(await opened.verifyTrail()), standing };
}

/** A removed account is found by the id in its events. */
function idsOf(names: ReadonlyMap<string, string>, selector: string): (id: string) => boolean {
  const ids = [...names].filter(([, name]) => name.startsWith(selector)).map(([id]) => id);
  if (ids.length > 0) return (id) => ids.includes(id);
  if (/^[0-9a-f]{8}[0-9a-f-]*$/.test(selector)) return (id) => id.startsWith(selector);
  throw new VaultError('account_not_found', `no account begins with ${selector}`, {
    hint: `${command('list')}\nto find a removed account, search for its id, which is in: ${command('audit --json')}`,
  });
}

function order({ seq }: AuditEntryView): number {
  return seq ?? Number.MAX_SAFE_INTEGER;
}
