import { type Account, accountName, type Consent } from '../../domain/account.js';
import { type AuditEvent, aboutAccount } from '../../domain/audit-events.js';
import { SECOND } from '../../domain/duration.js';
import { asVaultError, VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import { nextStatus, type StatusFacts } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import { ODD_REFRESH_TOKEN } from '../../oauth/token-answer.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { FoundAnswer, Spill, SpillSlot } from '../../stores/spill.js';
import { changeNotTaken, isDamage } from '../../vault/damage.js';
import type { UnstoredAnswer, UnstoredLogin, WaitingAnswer } from '../../vault/sealed-answer.js';
import type { Contents } from '../../vault/sealed-contents.js';
import type { Vault } from '../../vault/vault.js';
import { commitLogin, isTaken } from '../login/login-commit.js';
import { UNUSABLE_TOKEN } from './refresh-notes.js';

/**
 * What a granted answer changes. Nothing in it is judged here: a new refresh token is kept whatever else the answer
 * lacks, because the one it replaces may no longer work. An answer without one leaves the stored one in place
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
      ...withUnusableTokenReason(answer, nextStatus(account, { kind: 'granted', missingScopes: missing })),
      grantExpiresAt: grantLife === null ? account.grantExpiresAt : at + grantLife * SECOND,
      grantedScopes,
      lastRefreshAt: at,
      updatedAt: now,
    },
    accessToken: answer.accessToken,
    refreshToken: answer.refreshToken,
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
function commitAnswer(vault: Vault, account: SealedAccount, answer: UnstoredAnswer, contents: Contents) {
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

/** Only scopes can be of any length; the next refresh may report them again. */
function withoutScopes({ change, ...tokens }: UnstoredAnswer): UnstoredAnswer {
  const { grantedScopes, reason, ...facts } = change;
  return { ...tokens, change: facts };
}

function refreshTokenAlone({ change, refreshToken }: UnstoredAnswer): UnstoredAnswer {
  const { grantExpiresAt = null, lastRefreshAt = null } = change;
  return { change: { grantExpiresAt, lastRefreshAt }, accessToken: null, refreshToken };
}

/** Adds to the status that the new refresh token cannot be used, when that is so. */
function withUnusableTokenReason({ flaws }: Pick<GrantedAnswer, 'flaws'>, status: StatusFacts): StatusFacts {
  if (!flaws.includes(ODD_REFRESH_TOKEN)) return status;
  const reason = status.reason === null ? UNUSABLE_TOKEN : `${status.reason}; ${UNUSABLE_TOKEN}`;
  return { ...status, reason, lastError: 'provider_answer_invalid' };
}

export interface LockDeps {
  readonly locks: Locks;
  readonly spill: Pick<Spill, 'find'>;
}

/** An account that no other process changes until it is released. */
export interface HeldAccount {
  /** As it is now, after every spilled answer was stored; null when it is gone. */
  readonly account: SealedAccount | null;
  /** Whether a spilled answer was stored just now. */
  readonly recovered: boolean;
  /** How many spilled answers do not open. They stay there: one may hold the newest refresh token. */
  readonly unopened: number;
  release(): Promise<void>;
}

/**
 * Locks an account, reads it again, and stores the spilled answers of earlier refreshes. Everything that sends, replaces, copies
 * or removes a refresh token begins here: the stored one may have been used up for a spilled answer.
 *
 * @param timeout milliseconds; Infinity waits as long as it takes
 * @throws VaultError `busy` when another process holds the account for longer; the vault's own, and then the spilled answer stays;
 * the signal's reason
 */
export async function lockAndRead(
  deps: LockDeps,
  vault: Vault,
  id: string,
  timeout: number,
  signal?: AbortSignal,
): Promise<HeldAccount> {
  const lock = await deps.locks.acquire(id, timeout, signal);
  try {
    const account = await vault.account(id);
    const taken =
      account === null ? NOTHING : await recoverSpilledAnswers(vault, account, deps.spill.find(id));
    return { account, ...taken, release: lock.release };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

const NOTHING = { recovered: false, unopened: 0 };

/** The process that wrote them held the lock, so it has finished writing. */
async function recoverSpilledAnswers(vault: Vault, before: SealedAccount, found: readonly FoundAnswer[]) {
  let account = before;
  const opening: { readonly slot: FoundAnswer; readonly at: number }[] = [];
  for (const slot of found) {
    const waiting = await opened(vault, account, slot);
    if (waiting !== null)
      opening.push({ slot, at: 'consent' in waiting ? waiting.consent.at : askedAt(waiting) });
  }
  const unopened = found.length - opening.length;
  for (const { slot } of opening.sort((some, other) => some.at - other.at)) {
    const waiting = await opened(vault, account, slot);
    if (waiting !== null && 'consent' in waiting)
      account = await storedLogin(vault, account, waiting, unopened);
    else if (waiting !== null) account = await storedAnswer(vault, account, slot.generation, waiting);
    slot.clear();
  }
  return { account, recovered: account !== before, unopened };
}

/** @returns null when it does not open, or cannot be compared because the stored account does not open */
async function opened(vault: Vault, account: SealedAccount, { generation, sealed }: FoundAnswer) {
  try {
    if (generation === null) return await vault.openLogin(account.id, sealed);
    return await vault.openAnswer(account, generation, sealed);
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
}

/** Stores a login, unless there was a later one. */
async function storedLogin(vault: Vault, account: SealedAccount, login: UnstoredLogin, unopened: number) {
  if (await hasLoggedInSince(vault, account, login.consent)) return account;
  const free = login.as === null || !(await isTaken(vault, account.provider, login.as));
  const { account: updated } = await commitLogin(
    vault,
    account,
    free ? login : { ...login, as: null },
    unopened,
  );
  await noteConsent(vault, updated, login.consent);
  return updated;
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

async function storedAnswer(
  vault: Vault,
  account: SealedAccount,
  generation: number | null,
  answer: WaitingAnswer,
): Promise<SealedAccount> {
  const newer = newerPart(account, generation, answer);
  if (newer === null) return account;
  const updated = await commitAnswer(vault, account, newer, await vault.contents(account));
  if (updated !== null) return updated;
  const now = await vault.account(account.id);
  if (now?.generation === account.generation) throw changeNotTaken();
  throw new VaultError(
    'busy',
    `a spilled answer for ${accountName(account)} could not be stored, because another process changed the account`,
    { hint: 'run the command again' },
  );
}

/** When the request for it was begun, milliseconds since the epoch. */
function askedAt({ change }: UnstoredAnswer): number {
  return change.lastRefreshAt ?? change.issuedAt ?? 0;
}

/**
 * The part of an answer that is newer than the stored account. When nothing has changed since the request, or the request was
 * later than everything stored, that is all of it. Otherwise a login came in between. A login without a refresh token left in
 * place the one that this answer has replaced: then the refresh token in the answer is the current one. A login with a refresh
 * token has replaced this grant.
 *
 * @returns null when no part of it is newer
 */
function newerPart(
  account: SealedAccount,
  generation: number | null,
  answer: WaitingAnswer,
): UnstoredAnswer | null {
  const { followsStored, refreshToken, change } = answer;
  if (generation === account.generation && followsStored !== false) return answer;
  // A login may have begun before the refresh and be stored after it, and clocks are set back.
  const isEarlier = generation !== null && generation < account.generation;
  if (isEarlier && account.hasRefreshToken && followsStored === false) return null;
  if (askedAt(answer) > account.issuedAt) return answer;
  if (refreshToken === null || (account.hasRefreshToken && followsStored !== true)) return null;
  const missing = missingScopes(account.askedScopes, account.grantedScopes);
  const worksAgain =
    account.status === 'login_needed' && nextStatus(account, { kind: 'granted', missingScopes: missing });
  const grantExpiresAt = change.grantExpiresAt ?? account.grantExpiresAt;
  return { change: { ...worksAgain, grantExpiresAt }, accessToken: null, refreshToken };
}
