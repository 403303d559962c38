import type { Account } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import type { Vault } from '../../vault/vault.js';
import { hasLoggedInSince, lockAndRead, noteConsent } from '../refresh/refresh-store.js';
import { placeLogin } from './login-store.js';

/** Nobody holds the id of an account that is not there for longer than it takes to store a login. */
const PATIENCE = 5 * SECOND;

export interface WaitingLoginDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly locks: Locks;
  readonly spill: Pick<Spill, 'find' | 'all'>;
  readonly interruption: AbortSignal;
}

/** An account whose waiting answers could not be stored, and why. */
export interface NotTakenIn {
  readonly account: Account;
  readonly error: VaultError;
}

/**
 * Stores everything that waits beside the vault.
 *
 * @param patience milliseconds for each account that another process holds
 * @returns what could not be stored
 * @throws VaultError as {@link takeInLogins}; the interruption's reason
 */
export async function takeInAll(deps: WaitingLoginDeps, patience: number): Promise<readonly NotTakenIn[]> {
  await takeInLogins(deps);
  const ids = new Set(deps.spill.all().map(({ accountId }) => accountId));
  const vault = ids.size === 0 ? null : await deps.vault();
  const failed: NotTakenIn[] = [];
  for (const account of vault === null ? [] : await vault.accounts()) {
    if (vault === null || !ids.has(account.id)) continue;
    try {
      await (await lockAndRead(deps, vault, account.id, patience, deps.interruption)).release();
    } catch (error) {
      if (!(error instanceof VaultError) || isInterruption(error)) throw error;
      failed.push({ account, error });
    }
  }
  return failed;
}

/**
 * Stores the finished logins that wait beside the vault for people who have no account yet. Those of an account that is there are
 * taken in when it is locked. One that does not open stays where it is.
 *
 * @throws VaultError the vault's own: what waits then stays where it is
 */
export async function takeInLogins(deps: WaitingLoginDeps): Promise<void> {
  const waiting = deps.spill.all().filter(({ generation }) => generation === null);
  const vault = waiting.length === 0 ? null : await deps.vault();
  if (vault === null) return;
  for (const { accountId } of waiting) {
    if ((await vault.account(accountId)) === null) await takeInLogin(deps, vault, accountId);
  }
}

async function takeInLogin(deps: WaitingLoginDeps, vault: Vault, id: string): Promise<void> {
  const lock = await deps.locks.acquire(id, PATIENCE, deps.interruption);
  try {
    // Another process may have been faster.
    for (const slot of deps.spill.find(id)) {
      const login = slot.generation === null ? await vault.openLogin(id, slot.sealed) : null;
      if (login === null) continue;
      const { provider, issuer } = login.facts;
      const known = await vault.byIdentity(provider, issuer, login.contents.identity.subject);
      // Cut off before it was cleared, it would bring back a refresh token that has been replaced since.
      if (known !== null && (await hasLoggedInSince(vault, known, login.consent))) {
        slot.clear();
        continue;
      }
      const storing = { ...deps, onHeld: () => undefined };
      const place = (as: string | null) => placeLogin(vault, storing, { ...login, as });
      const stored = await place(login.as).catch((failure: unknown) => {
        const code = failure instanceof VaultError ? failure.code : null;
        if (code === 'account_name_taken') return place(null);
        // Who it is could not be looked up before. It is not stored, and not thrown away either.
        if (code === 'wrong_person') return null;
        throw failure;
      });
      if (stored === null) continue;
      await noteConsent(vault, stored.account, login.consent);
      slot.clear();
    }
  } finally {
    await lock.release();
  }
}
