import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { Vault } from '../../vault/vault.js';
import type { Patience } from './refresh-send.js';
import { AT_REST, type RefreshOrder, reportLine, type SeenAccount } from './refresher-protocol.js';

export interface ServeDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly refresh: (
    vault: Vault,
    seen: SeenAccount,
    patience: Patience,
    forced: boolean,
  ) => Promise<RefreshOutcome>;
  /** Lets go of the vault and of everything beside it. */
  readonly rest: () => Promise<void>;
  /** Prints a line to the asker, who may be gone. */
  readonly print: (line: string) => void;
}

/**
 * The work of a refresher process: carries out orders as they come and reports each when it is done. It runs in a session
 * of its own, so that killing, timing out or interrupting the command that asked never hits the moment between the
 * provider's answer and our commit. When the asker is gone no further orders come, and what is in flight is finished.
 *
 * @param orders lines, until the asker closes its end
 */
export async function serveRefreshes(deps: ServeDeps, orders: AsyncIterable<string>): Promise<void> {
  const inFlight: Promise<void>[] = [];
  for await (const line of orders) {
    inFlight.push(carryOut(deps, JSON.parse(line) as RefreshOrder));
  }
  await Promise.all(inFlight);
  await deps.rest();
  deps.print(`${AT_REST}\n`);
}

async function carryOut(deps: ServeDeps, { account, patience, forced }: RefreshOrder): Promise<void> {
  try {
    const vault = await deps.vault();
    if (vault === null)
      throw new VaultError('account_not_found', 'the vault is gone', { hint: 'vault list' });
    deps.print(reportLine(account.id, await deps.refresh(vault, account, patience, forced)));
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    deps.print(reportLine(account.id, failure));
  }
}
