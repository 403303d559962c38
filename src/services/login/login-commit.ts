import { type Account, accountName, type Consent, type Identity } from '../../domain/account.js';
import { type AuditEvent, aboutAccount } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { isUnidentified } from '../../domain/unidentified.js';
import type { SealedAccount } from '../../stores/contract.js';
import { changeNotTaken } from '../../vault/damage.js';
import type { UnstoredLogin } from '../../vault/sealed-spill.js';
import type { Vault } from '../../vault/vault.js';

export interface CommittedLogin {
  readonly account: SealedAccount;
  /**
   * The login brought no refresh token, and the stored one may no longer work: a refresh sent it, and the answer was lost or waits
   * in a spill slot that does not open.
   */
  readonly tokenMayBeSpent: boolean;
}

export function loginFinished(account: Account, created: boolean): AuditEvent {
  return { event: 'login_finished', ...aboutAccount(account), created };
}

/**
 * Stores a login in the account of the same user. Call it under the account's lock, after all waiting answers were stored.
 *
 * @param unopened how many waiting answers do not open
 * @throws VaultError `account_name_taken`, `busy`, and the vault's own
 */
export async function commitLogin(
  vault: Vault,
  current: SealedAccount,
  { as, facts, contents }: UnstoredLogin,
  unopened: number,
): Promise<CommittedLogin> {
  const label = as ?? current.label;
  // A token that was issued to another client, or by another endpoint, must not be sent any more.
  const sameClient = current.clientId === facts.clientId && current.tokenEndpoint === facts.tokenEndpoint;
  const stored = contents.refreshToken === null && sameClient ? await vault.contents(current) : null;
  const kept = stored !== null && isSameUser(stored.identity, contents.identity) ? stored.refreshToken : null;
  const tokenMayBeSpent = kept !== null && (unopened > 0 || (await vault.intent(current.id)) !== null);
  // The end of the grant belongs to the refresh token, so it stays when that one does.
  const grantExpiresAt = facts.grantExpiresAt ?? (kept === null ? null : current.grantExpiresAt);
  const reason = tokenMayBeSpent ? [facts.reason, IN_DOUBT].filter(Boolean).join('; ') : facts.reason;
  const account = await vault.update(
    current,
    { ...facts, label, grantExpiresAt, reason },
    { ...contents, refreshToken: contents.refreshToken ?? kept },
    (made) => loginFinished(made, false),
    tokenMayBeSpent,
  );
  if (account !== null) return { account, tokenMayBeSpent };
  if (label !== current.label && (await isTaken(vault, current.provider, label)))
    throw nameTaken(current.provider, label);
  const now = await vault.account(current.id);
  if (now?.generation === current.generation) throw changeNotTaken();
  throw new VaultError('busy', `another process changed ${accountName(current)} meanwhile`, {
    hint: 'run the command again',
  });
}

/** An imported account is only said to be this user's: the refresh token of another must not serve for this one. */
function isSameUser(before: Identity, now: Identity): boolean {
  return !isUnidentified(before) || before.email?.toLowerCase() === now.email?.toLowerCase();
}

const IN_DOUBT =
  'the stored refresh token may no longer work, because the answer to the last refresh was lost';

export async function isTaken(vault: Vault, provider: string, label: string): Promise<boolean> {
  return (await vault.accounts(provider)).some((account) => account.label === label);
}

export function nameTaken(provider: string, label: string): VaultError {
  return new VaultError(
    'account_name_taken',
    `the name ${provider}/${label} belongs to another user, so nothing was stored`,
    {
      hint: `log in as that user, or choose another name: ${command(`login ${provider} --as NAME`)}`,
    },
  );
}

/** Whether this login or a later one is stored already. */
export async function hasLoggedInSince(
  vault: Vault,
  { id, createdAt }: Account,
  { at }: Pick<Consent, 'at'>,
): Promise<boolean> {
  const [latest] = await vault.consents(id);
  return (latest?.at ?? createdAt) >= at;
}

/** The login is stored by then: if its consent cannot be stored, the login must not be repeated over what comes later. */
export async function noteConsent(vault: Vault, { id }: Account, consent: Consent): Promise<void> {
  try {
    await vault.addConsent(id, consent);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}
