import type { Audit } from '../audit/events.js';
import type { Condition } from '../vault/guard.js';
import type { Vault } from '../vault/vault.js';

export interface IntegrityDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly audit: Audit;
}

/** See the use case `condition`. */
export async function conditionOf({ vault }: Pick<IntegrityDeps, 'vault'>): Promise<Condition | null> {
  const opened = await vault();
  return opened === null ? null : opened.examine();
}

/** See the use case `acceptRollback`. A vault with nothing to accept is left alone. */
export async function acceptRollback({ vault, audit }: IntegrityDeps): Promise<Condition | null> {
  const opened = await vault();
  if (opened === null) return null;
  const found = await opened.examine();
  if (isSound(found)) return found;
  const accepted = await opened.acceptAsItIs();
  audit.record({ event: 'rollback_accepted', found: whatWasWrong(accepted) });
  return accepted;
}

/** Whether there is nothing to accept. */
export function isSound(condition: Condition): boolean {
  return whatWasWrong(condition).length === 0;
}

function whatWasWrong({ standing, rowSet, ledger }: Condition) {
  return [
    ...(standing === 'current' ? [] : [standing]),
    ...(rowSet === null ? [] : [rowSet.kind]),
    ...(ledger === null ? [] : (['ledger'] as const)),
  ];
}
