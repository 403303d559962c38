import { noteAddon } from '../../access/addon.js';
import {
  DONE,
  isLimited,
  pauseLine,
  type RefresherSetup,
  type RefreshOrder,
  reportLine,
} from '../../access/refresher-protocol.js';
import type { Context } from '../../context.js';
import { once } from '../../domain/async.js';
import { createConcurrencyLimit } from '../../domain/concurrency-limit.js';
import { asVaultError } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { refreshOne } from './refresh-one.js';
import { outages, RETRY_POLICIES } from './refresh-send.js';

export type ServeContext = Pick<
  Context,
  | 'audit'
  | 'clock'
  | 'files'
  | 'host'
  | 'http'
  | 'interruption'
  | 'locks'
  | 'paths'
  | 'provider'
  | 'release'
  | 'spill'
  | 'vault'
>;

/**
 * The work of a refresher process: carries out orders as they come and reports each one. It runs in a session of its own, so
 * that killing, timing out or interrupting the command never hits the moment between the provider's answer and our commit.
 * When the command is gone no further orders come, and what is in flight is finished.
 *
 * @param orders lines, until the command closes its end
 * @param print gets lines for the command, which may be gone
 */
export async function serveRefreshes(
  ctx: ServeContext,
  { concurrency }: Pick<RefresherSetup, 'concurrency'>,
  orders: AsyncIterable<string>,
  print: (line: string) => void,
): Promise<void> {
  const outage = outages();
  const limit = createConcurrencyLimit(concurrency, ctx.clock);
  const addonNoted = once(() => noteAddon(ctx));
  const inFlight: Promise<void>[] = [];

  async function refresh({ account, policy, evenIfOpen }: RefreshOrder): Promise<RefreshOutcome> {
    const vault = await ctx.vault();
    if (vault === null)
      throw new VaultError('account_not_found', 'the vault does not exist any more', {
        hint: command('list'),
      });
    await addonNoted();
    const onPause = (milliseconds: number) => print(pauseLine(account.id, milliseconds));
    const own = { pid: ctx.host.pid, isBulk: concurrency > 1, outage, onPause };
    const limited = isLimited(policy) ? { concurrency: limit } : {};
    const deps = { ...ctx, ...own, ...limited, spill: await ctx.spill() };
    return refreshOne(deps, vault, account, RETRY_POLICIES[policy], evenIfOpen);
  }

  async function carryOut(order: RefreshOrder): Promise<void> {
    try {
      print(reportLine(order.account.id, await refresh(order)));
    } catch (failure) {
      // A bug as well: the end of this process would cut off the other refreshes.
      print(reportLine(order.account.id, asVaultError(failure)));
    }
  }

  for await (const line of orders) inFlight.push(carryOut(JSON.parse(line) as RefreshOrder));
  await Promise.all(inFlight);
  await ctx.release();
  print(`${DONE}\n`);
}
