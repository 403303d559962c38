import type { Account } from '../domain/account.js';
import { accountName } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { asVaultError, reworded } from '../domain/error-forms.js';
import { isInterruption, VaultError } from '../domain/errors.js';
import { loginCommand } from '../domain/hints.js';
import type { Secret } from '../domain/secret.js';
import type { RefreshOutcome } from '../domain/status.js';
import { awaitsLogin } from '../domain/status.js';
import { isBearer, isUsable, livesFor } from '../domain/token-state.js';
import type { SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';
import { loginNeeded } from './refusals.js';

/** The exchange must reach the server before the token ends. */
const LEAST_LIFE = MINUTE;

/**
 * The access token to exchange (RFC 8693 §2.1): the stored one of the account, which is refreshed first where it ends too soon. An
 * error says that it is this account that failed, and not the exchange.
 *
 * @param by who needs it: the derived account, or its provider before there is one
 * @param refresh refreshes the account under its lock
 * @throws VaultError the reason why there is none, with the code and the hint of that account
 */
export async function subjectToken(
  vault: Vault,
  id: string,
  by: string,
  now: () => number,
  refresh: (account: SealedAccount) => Promise<RefreshOutcome>,
): Promise<Secret> {
  const source = await vault.account(id);
  if (source === null) {
    throw new VaultError('account_not_found', `the account that ${by} exchanges a token of is gone`, {
      hint: `set "from" for its provider in config.json to another account, then log in to ${by} again`,
    });
  }
  try {
    const account = await withLife(vault, source, now, refresh);
    const token = await vault.accessToken(account);
    if (token === null || !isBearer(account)) throw loginNeeded(account);
    return token;
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    const { message } = asVaultError(failure);
    throw reworded(failure, {
      message: `${by} needs a token of ${accountName(source)}, and there is none: ${message}`,
    });
  }
}

async function withLife(
  vault: Vault,
  source: SealedAccount,
  now: () => number,
  refresh: (account: SealedAccount) => Promise<RefreshOutcome>,
): Promise<SealedAccount> {
  if (awaitsLogin(source, now())) throw loginNeeded(source);
  if (source.sealed.accessToken !== null && livesFor(source, LEAST_LIFE, now())) return source;
  const outcome = await refresh(source);
  const account = await vault.account(source.id);
  if (account !== null && isUsable(account, now())) return account;
  throw 'error' in outcome ? outcome.error : endedToken(source);
}

function endedToken(account: Account): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `the new token of ${accountName(account)} has ended already`,
    {
      hint: loginCommand(account),
    },
  );
}
