import { readOnlyAccess } from '../../access/doctor-access.js';
import { providerNames, resolveProvider } from '../../config/settings.js';
import type { Account } from '../../domain/account.js';
import { CHECKS, type CheckResult, runChecks } from '../../health/index.js';
import { type AgentClientContext, agentStatus } from '../agent/agent-client.js';
import { grantEnd } from '../notify/notices.js';
import { openHint } from '../refresh/open-refresh.js';
import { checksUnderCron, type DoctorContext, requireCron } from './as-cron.js';

export interface DoctorRequest {
  /** Send nothing. */
  readonly offline: boolean;
  /** Run the checks as cron would run them. */
  readonly asCron: boolean;
}

/**
 * Checks everything that can keep a token from being valid, and changes nothing.
 *
 * @param onDone called as each check ends, in any order
 * @returns in the order of the checks
 * @throws VaultError `usage` for `asCron` where there is no cron
 */
export async function doctor(
  ctx: DoctorContext,
  { offline, asCron }: DoctorRequest,
  onDone: (result: CheckResult, total: number) => void,
  agentPid = () => pidOf(ctx),
): Promise<readonly CheckResult[]> {
  if (asCron) requireCron(ctx);
  const { host, paths, clock } = ctx;
  const access = readOnlyAccess(ctx);
  try {
    const health = {
      ...access,
      ...{ host, paths, clock, agentPid },
      interactive: host.stdin.isTTY === true && host.stderr.isTTY === true,
      visit: offline ? null : access.prober(await ctx.http()),
      lostAnswerHint: openHint,
      async likelyEnd(account: Account) {
        const store = (await access.inspect())?.store;
        if (store === undefined || account.grantExpiresAt !== null) return null;
        return grantEnd(account, store.consents, async (name) => {
          const settings = await access.settings().catch(() => null);
          const known = settings !== null && providerNames(settings).includes(name);
          return known ? resolveProvider(name, settings).provider : null;
        });
      },
    };
    const here = await runChecks(CHECKS, health, host.interruption, (done) => onDone(done, CHECKS.length));
    return asCron ? await checksUnderCron(ctx, access, offline, here, agentPid) : here;
  } finally {
    await access.close();
  }
}

async function pidOf(ctx: AgentClientContext): Promise<number | null> {
  return agentStatus(ctx).then(
    ({ pid }) => pid,
    () => null,
  );
}
