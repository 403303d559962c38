import { SECOND } from '../../domain/duration.js';
import type { Keychain } from '../contract.js';
import { sleepFairly } from '../fair-wait.js';
import type { KeychainParts } from './keychain.js';
import { KeychainTrouble } from './keychain-failure.js';
import { keytarKeychain } from './keychain-keytar.js';

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
        throw new KeychainTrouble('timed_out', {
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
