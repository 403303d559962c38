import { type Account, accountName, type Consent } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { missingScopes } from '../../domain/scopes.js';
import { nextStatus } from '../../domain/status.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { FoundAnswer, Spill } from '../../stores/spill.js';
import { isDamage } from '../../vault/damage.js';
import type { UnstoredAnswer, UnstoredLogin, WaitingAnswer } from '../../vault/sealed-answer.js';
import type { Vault } from '../../vault/vault.js';
import { commitLogin, isTaken } from '../login/login-commit.js';
import { changeNotTaken, commitAnswer } from './refresh-commit.js';

export interface HoldDeps {
  readonly locks: Locks;
  readonly spill: Pick<Spill, 'find'>;
}

/** An account that no other process changes until it is released. */
export interface HeldAccount {
  /** As it is now, with every answer in it that waited beside the vault; null when it is gone. */
  readonly account: SealedAccount | null;
  /** Whether an answer that waited was stored just now. */
  readonly tookIn: boolean;
  /** How many answers wait beside the vault and do not open. They stay there: one may hold the newest refresh token. */
  readonly unopened: number;
  release(): Promise<void>;
}

/**
 * Locks an account, reads it again, and takes in the answers of earlier refreshes that wait beside the vault. Everything that
 * sends, replaces, copies or removes a refresh token begins here: the stored one may have been spent for an answer that waits.
 *
 * @param patience milliseconds; with Infinity it waits as long as it takes
 * @throws VaultError `busy` when another process holds the account for longer; the vault's own: what waits then stays where it is;
 * the signal's reason
 */
export async function lockAndRead(
  deps: HoldDeps,
  vault: Vault,
  id: string,
  patience: number,
  signal?: AbortSignal,
): Promise<HeldAccount> {
  const lock = await deps.locks.acquire(id, patience, signal);
  try {
    const account = await vault.account(id);
    const taken = account === null ? NOTHING : await takeIn(vault, account, deps.spill.find(id));
    return { account, ...taken, release: lock.release };
  } catch (failure) {
    await lock.release();
    throw failure;
  }
}

const NOTHING = { tookIn: false, unopened: 0 };

/** Whoever wrote the answers held the lock then, so it is done with them now. */
async function takeIn(vault: Vault, before: SealedAccount, found: readonly FoundAnswer[]) {
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
  return { account, tookIn: account !== before, unopened };
}

/** @returns null for what does not open, or cannot be compared because what is stored does not open */
async function opened(vault: Vault, account: SealedAccount, { generation, sealed }: FoundAnswer) {
  try {
    if (generation === null) return await vault.openLogin(account.id, sealed);
    return await vault.openAnswer(account, generation, sealed);
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
}

/** Stores a login, unless the person has logged in again since. */
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

/** Whether a login is stored already, or one that came after it. */
export async function hasLoggedInSince(
  vault: Vault,
  { id, createdAt }: Account,
  { at }: Pick<Consent, 'at'>,
): Promise<boolean> {
  const [latest] = await vault.consents(id);
  return (latest?.at ?? createdAt) >= at;
}

/** The login is stored by then; that its consent is not must not bring it back over what comes later. */
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
  const updated = await commitAnswer(vault, account, newer);
  if (updated !== null) return updated;
  const now = await vault.account(account.id);
  if (now?.generation === account.generation) throw changeNotTaken();
  throw new VaultError(
    'busy',
    `an answer for ${accountName(account)} waits beside the vault and could not be stored, because another process changed the account`,
    { hint: 'run it again' },
  );
}

/** When the request for it was begun, milliseconds since the epoch. */
function askedAt({ change }: UnstoredAnswer): number {
  return change.lastRefreshAt ?? change.issuedAt ?? 0;
}

/**
 * What of an answer is newer than what is stored. Where nothing has changed since it was asked for, and where it was asked for
 * after everything that is stored, that is all of it. Otherwise a login came in between. One that brought no refresh token
 * has left the one in place that was sent for this answer: then the refresh token in the answer is the live one. One that
 * brought a refresh token of its own has replaced this grant.
 *
 * @returns null when nothing of it is
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
