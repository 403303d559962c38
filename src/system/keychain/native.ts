import { SECOND } from '../../domain/duration.js';
import { codeOf } from '../../domain/errors.js';
import { sleepFairly } from '../fair-wait.js';
import { type Keychain, KeychainFailure, type KeychainFailureKind, type KeychainParts } from './contract.js';

/**
 * The keychains of macOS and Windows, called in this process, which their owner may have trusted. A call that hangs is given
 * up, and the process has to end without it.
 */
export function nativeKeychain({ host, clock, patience, person }: KeychainParts): Keychain {
  const keytar = keytarKeychain(host.platform);

  async function bounded<T>(call: Promise<T>): Promise<T> {
    const finished = new AbortController();
    const limit = person() ? patience.withPerson : patience.alone;
    const late = sleepFairly(clock, limit, () => [], finished.signal).then(
      () => {
        throw new KeychainFailure('timed_out', {
          about: `it did not answer within ${limit / SECOND} seconds`,
        });
      },
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([call, late]);
    } finally {
      finished.abort();
    }
  }

  return {
    read: (service, account) => bounded(keytar.read(service, account)),
    write: (service, account, value) => bounded(keytar.write(service, account, value)),
    remove: (service, account) => bounded(keytar.remove(service, account)),
  };
}

const DENIED = /denied|dismiss|cancel/i;
const LOCKED = /lock|not allowed|interaction/i;

/**
 * The operating system's keychain through keytar, which is loaded when first used. A call blocks a thread for as long as
 * the system likes, and cannot be called off.
 */
export function keytarKeychain(platform: NodeJS.Platform): Keychain {
  async function explained<T>(call: (keytar: typeof import('keytar')) => Promise<T>): Promise<T> {
    const keytar = await load(platform);
    try {
      return await call(keytar);
    } catch (failure) {
      throw new KeychainFailure(kindOf(failure), { cause: failure });
    }
  }

  return {
    read: (service, account) => explained((keytar) => keytar.getPassword(service, account)),
    write: (service, account, value) => explained((keytar) => keytar.setPassword(service, account, value)),
    remove: (service, account) => explained((keytar) => keytar.deletePassword(service, account)),
  };
}

async function load(platform: NodeJS.Platform): Promise<typeof import('keytar')> {
  try {
    const module = await import('keytar');
    return 'default' in module ? (module.default as typeof import('keytar')) : module;
  } catch (failure) {
    const isMissing = codeOf(failure).endsWith('MODULE_NOT_FOUND');
    // keytar hides why its native part cannot be loaded. Where it is there, it is linked against libsecret.
    const [about, remedy] =
      isMissing || platform === 'darwin' || platform === 'win32'
        ? ['keytar cannot be loaded', 'install this program again: npm install --global token-vault']
        : ['the library libsecret cannot be loaded', 'install it: apt-get install libsecret-1-0'];
    throw new KeychainFailure('not_installed', { about, remedy, cause: failure });
  }
}

function kindOf(failure: unknown): KeychainFailureKind {
  const message = failure instanceof Error ? failure.message : '';
  if (DENIED.test(message)) return 'denied';
  return LOCKED.test(message) ? 'locked' : 'unavailable';
}
