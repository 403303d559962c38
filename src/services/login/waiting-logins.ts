import type { Account } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import type { Vault } from '../../vault/vault.js';
import { lockAndRead } from '../locked-account.js';
import { hasLoggedInSince, noteConsent } from './login-commit.js';
import { placeLogin } from './login-store.js';

/** The id of an account that does not exist yet is locked only while its login is stored. */
const LOCK_WAIT = 5 * SECOND;

export interface WaitingLoginDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly locks: Locks;
  readonly spill: Pick<Spill, 'find' | 'all'>;
  readonly interruption: AbortSignal;
}

export interface NotStored {
  readonly account: Account;
  readonly error: VaultError;
}

/**
 * Stores all waiting logins and refresh answers.
 *
 * @param wait milliseconds for each account that another process holds
 * @returns what could not be stored
 * @throws VaultError as {@link storeWaitingLogins}; the interruption's reason
 */
export async function storeAllWaiting(deps: WaitingLoginDeps, wait: number): Promise<readonly NotStored[]> {
  await storeWaitingLogins(deps);
  const ids = new Set(deps.spill.all().map(({ accountId }) => accountId));
  const vault = ids.size === 0 ? null : await deps.vault();
  const failed: NotStored[] = [];
  for (const account of vault === null ? [] : await vault.accounts()) {
    if (vault === null || !ids.has(account.id)) continue;
    try {
      await (await lockAndRead(deps, vault, account.id, wait, deps.interruption)).release();
    } catch (error) {
      if (!(error instanceof VaultError) || isInterruption(error)) throw error;
      failed.push({ account, error });
    }
  }
  return failed;
}

/**
 * Stores the waiting logins that have no account yet. Those of an existing account are stored when it is locked. One that does not
 * open, or cannot be stored, stays in its slot.
 *
 * @throws VaultError the vault's own codes
 */
export async function storeWaitingLogins(deps: WaitingLoginDeps): Promise<void> {
  const waiting = deps.spill.all().filter(({ generation }) => generation === null);
  const vault = waiting.length === 0 ? null : await deps.vault();
  if (vault === null) return;
  for (const { accountId } of waiting) {
    if ((await vault.account(accountId)) === null) await storeWaitingLogin(deps, vault, accountId);
  }
}

async function storeWaitingLogin(deps: WaitingLoginDeps, vault: Vault, id: string): Promise<void> {
  const lock = await deps.locks.acquire(id, LOCK_WAIT, deps.interruption);
  try {
    // Another process may have been faster.
    for (const slot of deps.spill.find(id)) {
      const login = slot.generation === null ? await vault.openLogin(id, slot.sealed) : null;
      if (login === null) continue;
      const { provider, issuer } = login.facts;
      const known = await vault.byIdentity(provider, issuer, login.contents.identity.subject);
      // After a kill before the slot was cleared, it would restore a refresh token that has been replaced since.
      if (known !== null && (await hasLoggedInSince(vault, known, login.consent))) {
        slot.clear();
        continue;
      }
      const storing = { ...deps, onHeld: () => undefined };
      const place = (as: string | null) => placeLogin(vault, storing, { ...login, as });
      const stored = await place(login.as).catch((failure: unknown) => {
        const code = failure instanceof VaultError ? failure.code : null;
        if (code === 'account_name_taken') return place(null);
        // The user could not be compared when the slot was written. The login is neither stored nor discarded.
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
