import { once } from '../domain/async.js';
import { VaultError } from '../domain/errors.js';
import type { SealedAccount, Store } from '../stores/contract.js';
import { isDamage } from './damage.js';
import type { Guard } from './guard.js';
import type { Keyring } from './keyring.js';
import { isKeyringStale } from './keyring.js';

/** How often the data keys may be replaced during one action. */
const MAX_ATTEMPTS = 3;

export interface KeyringAccessParts {
  readonly store: Pick<Store, 'head' | 'account' | 'dataKeys'>;
  readonly unlock: () => Promise<Keyring>;
  readonly guard: (keyring: Keyring) => Promise<Guard>;
}

interface Loaded {
  readonly keyring: Keyring;
  readonly guard: () => Promise<Guard>;
  /** How many actions are using it. */
  users: number;
  /** The version of the table of data keys when it was last compared with it. */
  comparedAt: number | null;
}

export type KeyringAccess = ReturnType<typeof createKeyringAccess>;

/** Loads the keyring and the guard when first needed, and again after another process has replaced the data keys. */
export function createKeyringAccess({ store, unlock, guard }: KeyringAccessParts) {
  let current: Promise<Loaded> | null = null;
  let stale: readonly Loaded[] = [];

  function load(): Promise<Loaded> {
    current ??= unlock().then(
      (keyring) => {
        wipeUnused();
        return { keyring, guard: once(() => guard(keyring)), users: 0, comparedAt: null };
      },
      (failure: unknown) => {
        current = null;
        throw failure;
      },
    );
    return current;
  }

  /**
   * Runs an action with them. With stale keys, fields that are sealed under the new ones look damaged: then the action runs again
   * with fresh keys, so it must not have changed anything before it fails.
   */
  async function using<T>(
    action: (keys: Keyring, guard: () => Promise<Guard>) => T | Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const loading = load();
      const own = await loading;
      own.users += 1;
      try {
        return await action(own.keyring, own.guard);
      } catch (failure) {
        if (!isDamage(failure) || attempt === MAX_ATTEMPTS) throw failure;
        if (current === loading && !(await dropIfStale(loading, own))) throw failure;
      } finally {
        own.users -= 1;
      }
    }
  }

  /** A process that runs for months must not keep keys that were replaced. */
  function wipeUnused(): void {
    for (const { keyring, users } of stale) if (users === 0) keyring.wipe();
    stale = stale.filter(({ users }) => users > 0);
  }

  async function dropIfStale(loading: Promise<Loaded>, own: Loaded): Promise<boolean> {
    if (!(await isKeyringStale(store, own.keyring))) return false;
    // A concurrent call may have dropped it.
    if (current === loading) {
      stale = [...stale, own];
      current = null;
    }
    return true;
  }

  return {
    using,
    /** Opens an account, even if another process has just resealed it. */
    opening: <T>(account: SealedAccount, open: (keys: Keyring, account: SealedAccount) => T): Promise<T> =>
      using(async (keys) => {
        try {
          return open(keys, account);
        } catch (failure) {
          if (!isDamage(failure)) throw failure;
          return open(keys, await resealed(store, account, failure));
        }
      }),
    /** Drops stale keys. For callers that would get a wrong answer from them, and no error. */
    async renew(): Promise<void> {
      const loading = load();
      const own = await loading;
      const version = await store.dataKeys.version();
      if (own.comparedAt === version || (await dropIfStale(loading, own))) return;
      own.comparedAt = version;
    },
    /** Null when the keyring was never loaded. */
    loaded: async (): Promise<Keyring | null> => (await current?.catch(() => null))?.keyring ?? null,
    async wipe(): Promise<void> {
      (await current?.catch(() => null))?.keyring.wipe();
      for (const { keyring } of stale) keyring.wipe();
    },
  };
}

/** Reads the account again. @throws `failure` when it was not resealed */
async function resealed(
  store: Pick<Store, 'account'>,
  account: SealedAccount,
  failure: VaultError,
): Promise<SealedAccount> {
  const now = await store.account(account.id);
  if (now?.generation !== account.generation) {
    throw new VaultError('busy', 'another process has changed the account meanwhile', {
      hint: 'run the command again',
      cause: failure,
    });
  }
  if (Buffer.from(now.sealed.identity).equals(account.sealed.identity)) throw failure;
  return now;
}
