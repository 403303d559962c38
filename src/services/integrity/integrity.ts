import type { Context } from '../../context.js';
import type { Account } from '../../domain/account.js';
import { isVaultFailure } from '../../domain/errors.js';
import type { Condition } from '../../vault/guard.js';
import type { Vault } from '../../vault/vault.js';

export type { Condition };

/** The result of accepting a vault as it is. */
export interface Acceptance extends Condition {
  /** Whether there was anything to accept. */
  readonly accepted: boolean;
  /** Accounts whose refresh token may be old: replaced since, or also used elsewhere. */
  readonly doubtful: readonly Account[];
  /** Accounts with a sealed field that does not open; accepting the vault does not repair it. */
  readonly unreadable: readonly Account[];
}

/**
 * Sums up the rows and compares the vault with its rollback marks. Changes nothing.
 *
 * @returns null where there is no vault
 * @throws VaultError the key's own codes
 */
export async function conditionOf({ vault }: Pick<Context, 'vault'>): Promise<Condition | null> {
  const opened = await vault();
  return opened === null ? null : opened.examine();
}

/**
 * Accepts the vault as it is: its rows, and this machine and folder as its place. Does nothing when there is nothing to
 * accept.
 *
 * @returns how it was before; null where there is no vault
 * @throws VaultError the key's own codes, `vault_not_writable`
 */
export async function acceptRollback({
  vault,
  audit,
}: Pick<Context, 'vault' | 'audit'>): Promise<Acceptance | null> {
  const opened = await vault();
  if (opened === null) return null;
  const found = await opened.examine();
  if (damageFacts(found).length === 0) return { ...found, accepted: false, doubtful: [], unreadable: [] };
  const accepted = (condition: Condition) =>
    ({ event: 'rollback_accepted', found: damageFacts(condition) }) as const;
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
      if (!isVaultFailure(failure)) throw failure;
      found.push(account);
    }
  }
  return found;
}

/** What the user accepts; empty when the vault is as it was last written. */
function damageFacts({ standing, rowSet, ledger }: Condition) {
  return [
    ...(standing === 'current' ? [] : [standing]),
    ...(rowSet === null ? [] : [rowSet.kind]),
    ...(ledger === null ? [] : (['ledger'] as const)),
  ];
}
