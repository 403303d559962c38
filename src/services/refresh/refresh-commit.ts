import { type AuditEvent, aboutAccount } from '../../audit/events.js';
import { type Account, accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import { nextStatus } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount, SpillSlot } from '../../stores/contract.js';
import type { UnstoredAnswer } from '../../vault/unstored-answer.js';
import type { Vault } from '../../vault/vault.js';
import { notingOddToken } from './odd-refresh-token.js';

/**
 * What a granted answer changes. Nothing in it is judged here: a new refresh token is kept whatever else the answer
 * lacks, because the one it replaces may be dead already. An answer without one leaves the stored one in place
 * (RFC 6749 §6).
 *
 * @param at when the request was begun, milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function changeBy(
  account: Account,
  provider: Provider,
  answer: GrantedAnswer,
  at: number,
  now: number,
): UnstoredAnswer {
  const { askedScopes } = account;
  const grantedScopes =
    answer.scopes === null ? account.grantedScopes : canonicalScopes(askedScopes, answer.scopes, provider);
  const missing = missingScopes(askedScopes, grantedScopes);
  const grantLife = answer.refreshTokenExpiresIn;
  return {
    change: {
      ...tokenFacts(account, answer, at),
      ...notingOddToken(answer, nextStatus(account, { kind: 'granted', missingScopes: missing })),
      grantExpiresAt: grantLife === null ? account.grantExpiresAt : at + grantLife * SECOND,
      grantedScopes,
      lastRefreshAt: at,
      updatedAt: now,
    },
    accessToken: answer.accessToken,
    refreshToken: answer.refreshToken,
  };
}

/** What belongs to the access token; an answer without a usable one leaves the old one and its times as they were. */
function tokenFacts(account: Account, answer: GrantedAnswer, at: number) {
  if (answer.accessToken === null) {
    const { tokenType, issuedAt, expiresAt } = account;
    return { tokenType, issuedAt, expiresAt };
  }
  const expiresAt = answer.expiresIn === null ? null : at + answer.expiresIn * SECOND;
  return { tokenType: answer.tokenType, issuedAt: at, expiresAt };
}

export function refreshed(account: Account): AuditEvent {
  return { event: 'refreshed', ...aboutAccount(account), generation: account.generation };
}

/**
 * Commits an answer as the next generation.
 *
 * @returns null when somebody else has changed the account since it was read
 * @throws VaultError the vault's own
 */
export async function commitAnswer(vault: Vault, account: SealedAccount, answer: UnstoredAnswer) {
  const contents = await vault.contents(account);
  return vault.update(
    account,
    answer.change,
    {
      accessToken: answer.accessToken ?? contents.accessToken,
      refreshToken: answer.refreshToken ?? contents.refreshToken,
      identity: contents.identity,
    },
    refreshed,
  );
}

/**
 * The same, and when the database cannot take the answer it goes into the reserve beside it.
 *
 * @throws VaultError the vault's own, which then also says what became of the answer
 */
export async function commitOrSpill(
  vault: Vault,
  account: SealedAccount,
  answer: UnstoredAnswer,
  slot: SpillSlot,
) {
  try {
    return await commitAnswer(vault, account, answer);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    const sealed = await vault.sealAnswer(account, answer);
    slot.write({ accountId: account.id, generation: account.generation, sealed });
    throw new VaultError(
      failure.code,
      `the new tokens of ${accountName(account)} could not be stored: ${failure.message}; they lie sealed beside the vault, and the next refresh of the account takes them in`,
      { ...(failure.hint === undefined ? {} : { hint: failure.hint }), cause: failure },
    );
  }
}
