import { type Account, accountName } from '../../domain/account.js';
import { type AuditEvent, aboutAccount } from '../../domain/audit-events.js';
import { SECOND } from '../../domain/duration.js';
import { asVaultError } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import { nextStatus, type StatusFacts } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import { ODD_REFRESH_TOKEN } from '../../oauth/token-answer.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { SpillSlot } from '../../stores/spill.js';
import { changeNotTaken } from '../../vault/damage.js';
import type { Contents, IdToken } from '../../vault/sealed-account.js';
import type { UnstoredAnswer } from '../../vault/sealed-spill.js';
import type { Vault } from '../../vault/vault.js';
import { UNUSABLE_TOKEN } from './refresh-warnings.js';

/**
 * What a granted answer changes. Nothing in it is judged here: a new refresh token is kept whatever else the answer
 * lacks, because the one it replaces may no longer work. An answer without one leaves the stored one in place
 * (RFC 6749 §6), and one without an id_token the stored id_token (OpenID Connect Core §12.2).
 *
 * @param idToken of the answer, checked
 * @param at when the request was begun, milliseconds since the epoch
 * @param now milliseconds since the epoch
 */
export function changeBy(
  account: Account,
  provider: Provider,
  answer: GrantedAnswer,
  idToken: IdToken | null,
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
      ...withUnusableTokenReason(answer, nextStatus(account, { kind: 'granted', missingScopes: missing })),
      grantExpiresAt: grantLife === null ? account.grantExpiresAt : at + grantLife * SECOND,
      grantedScopes,
      lastRefreshAt: at,
      updatedAt: now,
    },
    accessToken: answer.accessToken,
    refreshToken: answer.refreshToken,
    idToken,
  };
}

/** The facts about the access token; an answer without a usable one leaves them as they were. */
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
 * @param contents of the account, opened
 * @returns null when another process has changed the account since it was read
 * @throws VaultError the vault's own
 */
export function commitAnswer(
  vault: Vault,
  account: SealedAccount,
  answer: UnstoredAnswer,
  contents: Contents,
) {
  return vault.update(
    account,
    answer.change,
    {
      accessToken: answer.accessToken ?? contents.accessToken,
      refreshToken: answer.refreshToken ?? contents.refreshToken,
      identity: contents.identity,
      idToken: answer.idToken ?? contents.idToken,
    },
    refreshed,
  );
}

/**
 * Like {@link commitAnswer}; an answer that the database does not take goes into the spill slot, whatever the reason. So
 * does one whose account another process has changed in spite of the lock: the next process that locks the account decides
 * which is newer.
 *
 * @returns null when another process has changed the account
 * @throws VaultError the vault's own, with what became of the answer; `vault_damaged` when the database takes no change
 * though no other process has made one
 */
export async function commitOrSpill(
  vault: Vault,
  account: SealedAccount,
  answer: UnstoredAnswer,
  contents: Contents,
  slot: SpillSlot,
) {
  try {
    const updated = await commitAnswer(vault, account, answer, contents);
    if (updated !== null) return updated;
    const now = await vault.account(account.id);
    if (now?.generation === account.generation) throw changeNotTaken();
  } catch (failure) {
    await spillAnswer(vault, account, answer, slot);
    const { code, message, hint } = asVaultError(failure);
    throw new VaultError(
      code,
      `the new tokens of ${accountName(account)} could not be stored: ${message}; they are kept encrypted beside the vault, and the next refresh or login of the account stores them`,
      { ...(hint === undefined ? {} : { hint }), cause: failure },
    );
  }
  await spillAnswer(vault, account, answer, slot);
  return null;
}

/** @throws VaultError `vault_damaged` when the keys do not seal it, `vault_not_writable` */
async function spillAnswer(vault: Vault, account: SealedAccount, answer: UnstoredAnswer, slot: SpillSlot) {
  const { id: accountId, generation } = account;
  let sealed = await vault.sealAnswer(account, answer);
  if (sealed.length > slot.space) sealed = await vault.sealAnswer(account, withoutScopes(answer));
  if (sealed.length > slot.space) sealed = await vault.sealAnswer(account, refreshTokenAlone(answer));
  slot.write({ accountId, generation, sealed });
}

/** Only scopes can be of any length; the next refresh may report them again. */
function withoutScopes({ change, ...tokens }: UnstoredAnswer): UnstoredAnswer {
  const { grantedScopes, reason, ...facts } = change;
  return { ...tokens, change: facts };
}

function refreshTokenAlone({ change, refreshToken }: UnstoredAnswer): UnstoredAnswer {
  const { grantExpiresAt = null, lastRefreshAt = null } = change;
  return { change: { grantExpiresAt, lastRefreshAt }, accessToken: null, refreshToken, idToken: null };
}

/** Adds to the status that the new refresh token cannot be used, when that is so. */
function withUnusableTokenReason({ flaws }: Pick<GrantedAnswer, 'flaws'>, status: StatusFacts): StatusFacts {
  if (!flaws.includes(ODD_REFRESH_TOKEN)) return status;
  const reason = status.reason === null ? UNUSABLE_TOKEN : `${status.reason}; ${UNUSABLE_TOKEN}`;
  return { ...status, reason, lastError: 'provider_answer_invalid' };
}
