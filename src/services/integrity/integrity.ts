import type { Audit } from '../../audit/events.js';
import type { Account } from '../../domain/account.js';
import { ERROR_CODES, VaultError } from '../../domain/errors.js';
import type { Condition } from '../../vault/guard.js';
import type { Vault } from '../../vault/vault.js';

export type { Condition };

/** What became of a vault that was taken as it is. */
export interface Acceptance extends Condition {
  /** Whether there was anything to accept. */
  readonly accepted: boolean;
  /** Those whose refresh tokens may be old ones, replaced since or used elsewhere as well. */
  readonly doubtful: readonly Account[];
  /** Those of which something sealed does not open: accepting brings nothing of it back. */
  readonly unreadable: readonly Account[];
}

/** The vault as a whole: whether it is the one that was written here last, with every row. */
export interface IntegrityUseCases {
  /**
   * Adds the rows up and compares the vault with what is known of it outside its database. Changes nothing.
   *
   * @returns null where there is no vault
   * @throws VaultError the key's own codes
   */
  condition(): Promise<Condition | null>;
  /**
   * Takes the vault as it is for right: its rows, and this machine and folder as a place where it belongs.
   *
   * @returns how it was before; null where there is no vault
   * @throws VaultError the key's own codes, `vault_not_writable`
   */
  acceptRollback(): Promise<Acceptance | null>;
}

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
