import { once } from '../domain/async.js';
import { VaultError } from '../domain/errors.js';
import type { SealedAccount, Store } from '../stores/contract.js';
import { isDamage } from './damage.js';
import type { Guard } from './guard.js';
import type { Keyring } from './keyring.js';
import { isKeyringStale } from './keyring.js';

/** How often the data keys may be replaced while one thing is being done. */
const TRIES = 3;

/** The keyring and the guard of a vault, fetched when first needed. */
export interface KeyringAccess {
  /**
   * Runs an action with them. To keys that another process has replaced, what is sealed under the new ones looks damaged: then
   * the action runs again with keys that are fetched anew. It must not have changed anything before it fails so.
   */
  using<T>(action: (keys: Keyring, guard: () => Promise<Guard>) => T | Promise<T>): Promise<T>;
  /** Opens what an account keeps, also when another process has just sealed it anew. */
  opening<T>(account: SealedAccount, open: (keys: Keyring, account: SealedAccount) => T): Promise<T>;
  /** Lets go of keys that were replaced. For callers whom older keys would give a wrong answer and no error. */
  renew(): Promise<void>;
  /** Null when they were never fetched. */
  fetched(): Promise<Keyring | null>;
  wipe(): Promise<void>;
}

export interface KeyringAccessParts {
  readonly store: Pick<Store, 'head' | 'account'>;
  readonly unlock: () => Promise<Keyring>;
  readonly guard: (keyring: Keyring) => Promise<Guard>;
}

interface Held {
  readonly keyring: Keyring;
  readonly guard: () => Promise<Guard>;
  /** How many actions are running with it. */
  users: number;
}

export function createKeyringAccess({ store, unlock, guard }: KeyringAccessParts): KeyringAccess {
  let held: Promise<Held> | null = null;
  let replaced: readonly Held[] = [];

  function present(): Promise<Held> {
    held ??= unlock().then(
      (keyring) => {
        wipeReplaced();
        return { keyring, guard: once(() => guard(keyring)), users: 0 };
      },
      (failure: unknown) => {
        held = null;
        throw failure;
      },
    );
    return held;
  }

  async function using<T>(
    action: (keys: Keyring, guard: () => Promise<Guard>) => T | Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const opened = present();
      const own = await opened;
      own.users += 1;
      try {
        return await action(own.keyring, own.guard);
      } catch (failure) {
        if (!isDamage(failure) || tries === TRIES) throw failure;
        if (held === opened && !(await renewed(opened, own))) throw failure;
      } finally {
        own.users -= 1;
      }
    }
  }

  /** A process that runs for months must not hold keys that the vault has long got rid of. */
  function wipeReplaced(): void {
    for (const { keyring, users } of replaced) if (users === 0) keyring.wipe();
    replaced = replaced.filter(({ users }) => users > 0);
  }

  async function renewed(opened: Promise<Held>, own: Held): Promise<boolean> {
    if (!(await isKeyringStale(store, own.keyring))) return false;
    // Another call may have seen it as well.
    if (held === opened) {
      replaced = [...replaced, own];
      held = null;
    }
    return true;
  }

  return {
    using,
    opening: (account, open) =>
      using(async (keys) => {
        try {
          return open(keys, account);
        } catch (failure) {
          if (!isDamage(failure)) throw failure;
          return open(keys, await sealedAnew(store, account, failure));
        }
      }),
    async renew() {
      const opened = present();
      await renewed(opened, await opened);
    },
    fetched: async () => (await held?.catch(() => null))?.keyring ?? null,
    async wipe() {
      (await held?.catch(() => null))?.keyring.wipe();
      for (const { keyring } of replaced) keyring.wipe();
    },
  };
}

/** The account as it is now. @throws `failure` when nobody has touched it */
async function sealedAnew(
  store: Pick<Store, 'account'>,
  account: SealedAccount,
  failure: VaultError,
): Promise<SealedAccount> {
  const now = await store.account(account.id);
  if (now?.generation !== account.generation) {
    throw new VaultError('busy', 'another process has changed the account meanwhile', {
      hint: 'run it again',
      cause: failure,
    });
  }
  if (Buffer.from(now.sealed.identity).equals(account.sealed.identity)) throw failure;
  return now;
}
