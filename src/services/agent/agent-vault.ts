import { isDamage } from '../../vault/damage.js';
import type { Vault } from '../../vault/vault.js';

export interface AgentVaultDeps {
  /** Null when there is no vault yet. */
  readonly open: () => Promise<Vault | null>;
  /** The next `open` opens it again. */
  readonly close: () => Promise<void>;
  /** Changes when another database file has taken its place; null when there is none. */
  readonly identity: () => string | null;
}

/** The vault of a process that runs for months. */
export interface AgentVault {
  /**
   * Runs an action with the vault as it is on disk now. It stays open, with its key, from one call to the next; it is opened
   * again when the file was removed, made or replaced, and once when something does not open: the keys may have been rotated.
   *
   * @param action gets null when there is no vault; must not call `use` itself
   */
  use<T>(action: (vault: Vault | null) => Promise<T>): Promise<T>;
  /** Has the next call open the vault again. */
  reopen(): void;
  /** Waits for the actions that are running. */
  close(): Promise<void>;
}

export function agentVault(deps: AgentVaultDeps): AgentVault {
  /** The identity of the open file; null when none is. */
  let held: string | null = null;
  let users = 0;
  let closing: Promise<void> | null = null;
  let unused: () => void = () => {};

  /** Waits for the actions that still use the old file. */
  async function closeOld(): Promise<void> {
    if (users > 0) {
      await new Promise<void>((resolve) => {
        unused = resolve;
      });
    }
    held = null;
    await deps.close();
  }

  async function settle(): Promise<void> {
    while (closing !== null || (held !== null && held !== deps.identity())) {
      closing ??= closeOld().finally(() => {
        closing = null;
      });
      await closing;
    }
  }

  /** @returns whether this call has just opened the vault */
  async function attempt<T>(action: (vault: Vault | null) => Promise<T>) {
    await settle();
    users += 1;
    const fresh = held === null;
    try {
      const found = deps.identity();
      const vault = await deps.open();
      if (vault !== null) held ??= found;
      return { fresh, value: await action(vault) };
    } catch (failure) {
      return { fresh, failure };
    } finally {
      users -= 1;
      if (users === 0) unused();
    }
  }

  return {
    async use(action) {
      const first = await attempt(action);
      if (!('failure' in first)) return first.value;
      if (first.fresh || !isDamage(first.failure)) throw first.failure;
      held = 'outdated';
      const second = await attempt(action);
      if ('failure' in second) throw second.failure;
      return second.value;
    },
    reopen() {
      if (held !== null) held = 'outdated';
    },
    async close() {
      if (held === null) return;
      held = 'outdated';
      await settle();
    },
  };
}
