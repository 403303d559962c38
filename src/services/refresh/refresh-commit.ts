import { type AuditEvent, aboutAccount } from '../../audit/events.js';
import { type Account, accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { asVaultError, FROM_BACKUP, VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import { nextStatus } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { SpillSlot } from '../../stores/spill.js';
import type { UnstoredAnswer } from '../../vault/sealed-answer.js';
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
 * The same, and when the database does not take the answer it goes into the reserve beside it, whatever the reason. So it does
 * when somebody else has changed the account, though its lock is held: the next one that locks it judges which is newer.
 *
 * @returns null when somebody else has changed the account
 * @throws VaultError the vault's own, which then also says what became of the answer; `vault_damaged` when the database takes
 * no change though nobody else has made one
 */
export async function commitOrSpill(
  vault: Vault,
  account: SealedAccount,
  answer: UnstoredAnswer,
  slot: SpillSlot,
) {
  try {
    const updated = await commitAnswer(vault, account, answer);
    if (updated !== null) return updated;
    const now = await vault.account(account.id);
    if (now?.generation === account.generation) throw changeNotTaken();
  } catch (failure) {
    await spillAnswer(vault, account, answer, slot);
    const { code, message, hint } = asVaultError(failure);
    throw new VaultError(
      code,
      `the new tokens of ${accountName(account)} could not be stored: ${message}; they are kept sealed beside the vault, and the next refresh or login of the account stores them`,
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

/** Scopes are all that an answer has room for without end; the next refresh may tell them again. */
function withoutScopes({ change, ...tokens }: UnstoredAnswer): UnstoredAnswer {
  const { grantedScopes, reason, ...facts } = change;
  return { ...tokens, change: facts };
}

function refreshTokenAlone({ change, refreshToken }: UnstoredAnswer): UnstoredAnswer {
  const { grantExpiresAt = null, lastRefreshAt = null } = change;
  return { change: { grantExpiresAt, lastRefreshAt }, accessToken: null, refreshToken };
}

/** The error for an update that changes nothing though its account is as it was. */
export function changeNotTaken(): VaultError {
  return new VaultError(
    'vault_damaged',
    'the database does not take the change though no other process has made one, so it is damaged or was altered',
    { hint: `see what is wrong with it: vault doctor\n${FROM_BACKUP}` },
  );
}
