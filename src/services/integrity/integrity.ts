import type { Audit } from '../../audit/events.js';
import type { Account } from '../../domain/account.js';
import { ERROR_CODES, VaultError } from '../../domain/errors.js';
import type { Condition } from '../../vault/guard.js';
import type { Vault } from '../../vault/vault.js';
import type { Acceptance } from './integrity-contract.js';

export interface IntegrityDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly audit: Audit;
}

/** See {@link IntegrityUseCases.condition}. */
export async function conditionOf({ vault }: Pick<IntegrityDeps, 'vault'>): Promise<Condition | null> {
  const opened = await vault();
  return opened === null ? null : opened.examine();
}

/** See {@link IntegrityUseCases.acceptRollback}. A vault with nothing to accept is left alone. */
export async function acceptRollback({ vault, audit }: IntegrityDeps): Promise<Acceptance | null> {
  const opened = await vault();
  if (opened === null) return null;
  const found = await opened.examine();
  if (whatWasWrong(found).length === 0) return { ...found, accepted: false, doubtful: [], unreadable: [] };
  const accepted = (condition: Condition) =>
    ({ event: 'rollback_accepted', found: whatWasWrong(condition) }) as const;
  const before = await opened.acceptAsItIs(accepted);
  audit.record(accepted(before), 'chained');
  const accounts = await opened.accounts();
  const unreadable = await unreadableOf(opened, accounts);
  const doubtful = accounts.filter((account) => account.hasRefreshToken && !unreadable.includes(account));
  return { ...before, accepted: true, doubtful, unreadable };
}

async function unreadableOf(vault: Vault, accounts: readonly Account[]): Promise<readonly Account[]> {
  const found: Account[] = [];
  for (const account of accounts) {
    try {
      const whole = await vault.account(account.id);
      if (whole !== null) await vault.contents(whole);
    } catch (failure) {
      if (!(failure instanceof VaultError) || failure.exitCode !== ERROR_CODES.vault_damaged) throw failure;
      found.push(account);
    }
  }
  return found;
}

/** What a person accepts; empty when the vault is as it was left. */
function whatWasWrong({ standing, rowSet, ledger }: Condition) {
  return [
    ...(standing === 'current' ? [] : [standing]),
    ...(rowSet === null ? [] : [rowSet.kind]),
    ...(ledger === null ? [] : (['ledger'] as const)),
  ];
}
