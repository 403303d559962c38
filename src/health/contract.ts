import type { ReadOnlyAccess } from '../access/doctor-access.js';
import type { Context } from '../context.js';
import type { Account } from '../domain/account.js';
import { type Finding, NotChecked, skipped } from '../domain/finding.js';
import type { Store } from '../stores/contract.js';
import type { Probe } from '../system/http/http-probe.js';

/*
 * The checks of `vault doctor`: one constant per check, listed in index.ts; each runs the contract suite. A check changes
 * nothing, opens no browser, asks nothing, refreshes nothing and prints no secret.
 */

export const CHECK_GROUPS = ['vault', 'providers', 'accounts', 'surroundings', 'cron'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];

export interface Check {
  /** In snake_case; a part of the JSON API. */
  readonly name: string;
  readonly title: string;
  readonly group: CheckGroup;
  /** At least one finding. A thrown VaultError becomes a problem, a {@link NotChecked} a skipped finding. */
  run(ctx: HealthContext): Promise<readonly Finding[]>;
}

export interface HealthContext
  extends Pick<Context, 'host' | 'paths' | 'clock'>,
    Omit<ReadOnlyAccess, 'close' | 'prober'> {
  /** Other commands could ask the user. */
  readonly interactive: boolean;
  /** Fetches a page, once for all checks, within a few seconds; null with `--offline`. @throws TransportFailure */
  readonly visit: ((url: string) => Promise<Probe>) | null;
  /** The pid of the agent; null when none runs. */
  readonly agentPid: () => Promise<number | null>;
  /** The likely end of a grant whose end the provider does not report; null: unknown. */
  readonly likelyEnd: (
    account: Account,
  ) => Promise<{ readonly at: number; readonly why: string | null } | null>;
  /** What can be done when the provider may have replaced the refresh token. */
  readonly lostAnswerHint: (account: Account, now: number) => string;
}

/**
 * The vault's rows for another check; a finding where there is no vault or its schema is not the current one.
 *
 * @throws NotChecked when the database cannot be read
 */
export async function readableVault(ctx: Pick<HealthContext, 'inspect'>): Promise<Store | Finding> {
  const inspection = await ctx.inspect().catch(() => {
    throw new NotChecked('the database cannot be read');
  });
  if (inspection === null) return skipped('there is no vault yet');
  const { isVault, schemaVersion, knownVersion, store } = inspection;
  return isVault && schemaVersion === knownVersion ? store : skipped('the database has another schema');
}
