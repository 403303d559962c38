import type { Keychain } from '../../src/system/keychain/contract.js';

/** A keychain in memory, that fails as a real one does when told to. */
export interface KeychainDouble extends Keychain {
  readonly items: Map<string, string>;
  /** The kind of failure with which every call ends from now on, and what is known of it; null heals it. */
  fail(kind: string | null, facts?: { readonly about: string; readonly remedy: string }): void;
  /** Values are kept differently from how they were given: a keychain with a defect. */
  spoil(change: (value: string) => string): void;
}

export function keychainDouble(): KeychainDouble {
  const items = new Map<string, string>();
  let failure: object | null = null;
  let kept = (value: string) => value;
  const name = (service: string, account: string) => `${service}, ${account}`;
  const answer = async <T>(value: () => T): Promise<T> => {
    // As the system's own failures look: a kind, and a message that must reach nobody.
    if (failure !== null) throw Object.assign(new Error('message-of-the-library'), failure);
    return value();
  };
  return {
    items,
    fail(kind, facts) {
      failure = kind === null ? null : { kind, about: null, remedy: null, ...facts };
    },
    spoil(change) {
      kept = change;
    },
    read: (service, account) => answer(() => items.get(name(service, account)) ?? null),
    write: (service, account, value) => answer(() => void items.set(name(service, account), kept(value))),
    remove: (service, account) => answer(() => items.delete(name(service, account))),
  };
}
