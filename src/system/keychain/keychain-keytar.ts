import type { Keychain, KeychainFailureKind } from '../contract.js';
import { KeychainTrouble } from './keychain-failure.js';

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
      throw new KeychainTrouble(kindOf(failure), { cause: failure });
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
    const isMissing = String((failure as NodeJS.ErrnoException).code).endsWith('MODULE_NOT_FOUND');
    // keytar hides why its native part cannot be loaded. Where it is there, it is linked against libsecret.
    const [about, remedy] =
      isMissing || platform === 'darwin' || platform === 'win32'
        ? ['keytar cannot be loaded', 'install this program again: npm install --global token-vault']
        : ['the library libsecret cannot be loaded', 'install it: apt-get install libsecret-1-0'];
    throw new KeychainTrouble('not_installed', { about, remedy, cause: failure });
  }
}

function kindOf(failure: unknown): KeychainFailureKind {
  const message = failure instanceof Error ? failure.message : '';
  if (DENIED.test(message)) return 'denied';
  return LOCKED.test(message) ? 'locked' : 'unavailable';
}
