import { SECOND } from '../../domain/duration.js';
import type { Keychain, KeychainParts, KeychainTimeouts } from './contract.js';

/** Without a key a script ends within five seconds, and a user has an answer within thirty, the start included. */
export const KEYCHAIN_TIMEOUTS: KeychainTimeouts = { alone: 3 * SECOND, interactive: 28 * SECOND };

/** The keychain of the operating system. Its client is loaded by the first call. */
export function systemKeychain(parts: KeychainParts): Keychain {
  const native = parts.host.platform === 'darwin' || parts.host.platform === 'win32';
  const keychain = async () =>
    native
      ? (await import('./native.js')).nativeKeychain(parts)
      : (await import('./linux.js')).secretServiceKeychain(parts);
  return {
    read: async (service, account) => (await keychain()).read(service, account),
    write: async (service, account, value) => (await keychain()).write(service, account, value),
    remove: async (service, account) => (await keychain()).remove(service, account),
  };
}
