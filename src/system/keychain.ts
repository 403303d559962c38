import type { Clock, Keychain, KeychainFailure, KeychainFailureKind } from './contract.js';

class Failure extends Error implements KeychainFailure {
  override readonly name = 'KeychainFailure';
  readonly kind: KeychainFailureKind;

  constructor(kind: KeychainFailureKind, cause?: unknown) {
    super(kind, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

const LOCKED = /lock|denied|dismiss|not allowed|cancel|interaction/i;

/**
 * The operating system's keychain through keytar, which is loaded when first used.
 *
 * @param patience milliseconds a call may take; a person typing a password needs more than a cron job
 */
export function systemKeychain(clock: Clock, patience: number): Keychain {
  async function bounded<T>(call: (keytar: typeof import('keytar')) => Promise<T>): Promise<T> {
    const keytar = await load();
    const finished = new AbortController();
    const late = clock.sleep(patience, finished.signal).then(
      () => {
        throw new Failure('timed_out');
      },
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([call(keytar), late]);
    } catch (failure) {
      throw failure instanceof Failure ? failure : new Failure(kindOf(failure), failure);
    } finally {
      finished.abort();
    }
  }

  return {
    read: (service, account) => bounded((keytar) => keytar.getPassword(service, account)),
    write: (service, account, value) => bounded((keytar) => keytar.setPassword(service, account, value)),
    remove: (service, account) => bounded((keytar) => keytar.deletePassword(service, account)),
  };
}

async function load(): Promise<typeof import('keytar')> {
  try {
    const module = await import('keytar');
    return 'default' in module ? (module.default as typeof import('keytar')) : module;
  } catch (failure) {
    throw new Failure('unavailable', failure);
  }
}

function kindOf(failure: unknown): KeychainFailureKind {
  return failure instanceof Error && LOCKED.test(failure.message) ? 'locked' : 'unavailable';
}
