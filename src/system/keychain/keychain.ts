import { SECOND } from '../../domain/duration.js';
import type { Clock, Host, Keychain } from '../contract.js';

/** How long a keychain may take for one call, in milliseconds. */
export interface Patience {
  readonly alone: number;
  /** Somebody may be typing a password for it. */
  readonly withPerson: number;
}

export interface KeychainParts {
  readonly host: Pick<Host, 'env' | 'platform' | 'uid' | 'self' | 'interruption'>;
  readonly clock: Clock;
  readonly patience: Patience;
  /** Whether somebody is there to type a password. Asked only when it matters: a stream costs time when it is first looked at. */
  readonly person: () => boolean;
  /** Told to a person who is being waited for; one line. */
  readonly notice: (line: string) => void;
}

/** Without a key a script should be gone within five seconds and a person have an answer within thirty, the start included. */
export const KEYCHAIN_PATIENCE: Patience = { alone: 3 * SECOND, withPerson: 28 * SECOND };

/** The operating system's keychain. What it takes to speak to it is loaded with the first call. */
export function systemKeychain(parts: KeychainParts): Keychain {
  const native = parts.host.platform === 'darwin' || parts.host.platform === 'win32';
  const keychain = async () =>
    native
      ? (await import('./keychain-native.js')).nativeKeychain(parts)
      : (await import('./keychain-linux.js')).secretServiceKeychain(parts);
  return {
    read: async (service, account) => (await keychain()).read(service, account),
    write: async (service, account, value) => (await keychain()).write(service, account, value),
    remove: async (service, account) => (await keychain()).remove(service, account),
  };
}
