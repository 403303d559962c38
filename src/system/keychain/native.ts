import { SECOND } from '../../domain/duration.js';
import { codeOf } from '../../domain/errors.js';
import { withDeadline } from '../../domain/waiting.js';
import { type Keychain, KeychainFailure, type KeychainFailureKind, type KeychainParts } from './contract.js';

/**
 * The keychains of macOS and Windows, called in this process, which the user may have told them to trust. A call that hangs
 * is abandoned, and the process has to exit without it.
 */
export function nativeKeychain({ host, clock, timeouts, interactive }: KeychainParts): Keychain {
  const keytar = keytarKeychain(host.platform);

  function bounded<T>(call: Promise<T>): Promise<T> {
    const limit = timeouts[interactive() ? 'interactive' : 'alone'];
    return withDeadline(clock, limit, call, () => {
      throw new KeychainFailure('timed_out', { about: `it did not answer within ${limit / SECOND} seconds` });
    });
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
 * The operating system's keychain through keytar, which the first call loads. A call blocks a thread until the system
 * answers, and cannot be cancelled.
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
    // keytar hides why its native part cannot be loaded. On Linux the usual reason is a missing libsecret.
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
