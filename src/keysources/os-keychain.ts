import { VaultError } from '../domain/errors.js';
import type { Keychain, KeychainFailure } from '../system/contract.js';
import type { KeySource } from './contract.js';
import { decodeKey, encodeKey } from './encoding.js';

const SERVICE = 'token-vault';
const PLACE = 'OS keychain';

/**
 * The operating system's keychain: macOS Keychain, Windows Credential Vault, Secret Service on Linux. Only the 32 bytes
 * of the master key lie there, so the size limits that tokens run into do not matter.
 */
export function keychainSource(keychain: Keychain): KeySource {
  return {
    kind: 'keychain',
    place: PLACE,
    path: null,
    async load(reference) {
      const text = await explained(() => keychain.read(SERVICE, reference));
      if (text === null) {
        throw new VaultError(
          'key_missing',
          `the ${PLACE} holds no key for this vault (item ${SERVICE}, ${reference})`,
          {
            hint: 'unlock the keychain of the user who made the vault, or restore that keychain; a new key would not open this vault',
          },
        );
      }
      return decodeKey(text, PLACE);
    },
    async create(reference, key) {
      const text = encodeKey(key);
      const present = await explained(() => keychain.read(SERVICE, reference));
      if (present !== null) {
        throw new VaultError('vault_exists', `the ${PLACE} holds a key under ${reference} already`, {
          hint: 'nothing was changed; try again',
        });
      }
      await explained(() => keychain.write(SERVICE, reference, text));
    },
  };
}

/** Keychain libraries say what they like in their messages; the kind of failure is all that is passed on. */
async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (failure) {
    throw explain(failure);
  }
}

function explain(failure: unknown): unknown {
  const kind = failure instanceof Error ? (failure as Partial<KeychainFailure>).kind : null;
  if (kind === 'unavailable') {
    return new VaultError(
      'key_unavailable',
      `the ${PLACE} cannot be used here: there is none, or no session bus leads to it`,
      {
        hint: 'where there is no desktop keep the key in a file: vault init --key-source file',
        cause: failure,
      },
    );
  }
  if (kind === 'locked') {
    return new VaultError('key_locked', `the ${PLACE} is locked, or access to it was denied`, {
      hint: 'unlock it (log in to the desktop, or open your password manager), then try again',
      cause: failure,
    });
  }
  if (kind === 'timed_out') {
    return new VaultError('key_timed_out', `the ${PLACE} did not answer in time`, {
      hint: 'look for a hidden password prompt, or restart the keychain service: systemctl --user restart gnome-keyring-daemon',
      cause: failure,
    });
  }
  return failure;
}
