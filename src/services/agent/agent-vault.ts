import { isDamage } from '../../vault/damage.js';
import type { Vault } from '../../vault/vault.js';

export interface AgentVaultDeps {
  /** Null where there is no vault yet. */
  readonly open: () => Promise<Vault | null>;
  /** What was opened is closed; the next call opens it again. */
  readonly close: () => Promise<void>;
  /** Tells one database file from another that has taken its place; null where there is none. */
  readonly identity: () => string | null;
}

/** The vault as a process needs it that lives for months. */
export interface AgentVault {
  /**
   * Works with the vault as it is on disk now. It stays open, with its key, from one call to the next; one that was
   * removed, made or replaced in between is noticed. What a key table from before the keys were rotated cannot open is tried
   * once more with the one of now.
   *
   * @param action given null where there is no vault; not to call `use` itself
   */
  use<T>(action: (vault: Vault | null) => Promise<T>): Promise<T>;
  /** Has the next call open everything afresh. */
  reopen(): void;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export function agentVault(deps: AgentVaultDeps): AgentVault {
  /** The file that is open; null when none is. */
  let held: string | null = null;
  let users = 0;
  let turning: Promise<void> | null = null;
  let unused: () => void = () => {};

  /** Whoever still works with the old file is waited for. */
  async function turn(): Promise<void> {
    if (users > 0) {
      await new Promise<void>((resolve) => {
        unused = resolve;
      });
    }
    held = null;
    await deps.close();
  }

  async function settle(): Promise<void> {
    while (turning !== null || (held !== null && held !== deps.identity())) {
      turning ??= turn().finally(() => {
        turning = null;
      });
      await turning;
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
