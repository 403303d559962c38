import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { Vault } from '../../vault/vault.js';
import type { RetryPolicyName } from './refresh-send.js';
import { DONE, type RefreshOrder, reportLine, type SeenAccount } from './refresher-protocol.js';

export interface ServeDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly refresh: (
    vault: Vault,
    seen: SeenAccount,
    policy: RetryPolicyName,
    forced: boolean,
  ) => Promise<RefreshOutcome>;
  /** Closes the vault and everything beside it. */
  readonly release: () => Promise<void>;
  /** Prints a line to the command, which may be gone. */
  readonly print: (line: string) => void;
}

/**
 * The work of a refresher process: carries out orders as they come and reports each one. It runs in a session of its own, so
 * that killing, timing out or interrupting the command never hits the moment between the provider's answer and our commit.
 * When the command is gone no further orders come, and what is in flight is finished.
 *
 * @param orders lines, until the command closes its end
 */
export async function serveRefreshes(deps: ServeDeps, orders: AsyncIterable<string>): Promise<void> {
  const inFlight: Promise<void>[] = [];
  for await (const line of orders) {
    inFlight.push(carryOut(deps, JSON.parse(line) as RefreshOrder));
  }
  await Promise.all(inFlight);
  await deps.release();
  deps.print(`${DONE}\n`);
}

async function carryOut(deps: ServeDeps, { account, policy, forced }: RefreshOrder): Promise<void> {
  try {
    const vault = await deps.vault();
    if (vault === null)
      throw new VaultError('account_not_found', 'the vault is gone', { hint: 'vault list' });
    deps.print(reportLine(account.id, await deps.refresh(vault, account, policy, forced)));
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    deps.print(reportLine(account.id, failure));
  }
}
