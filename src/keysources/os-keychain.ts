import { type ErrorCode, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Keychain, KeychainFailure, KeychainFailureKind } from '../system/keychain/contract.js';
import type { StoringKeySource } from './contract.js';
import { decodeKey, encodeKey } from './contract.js';

const SERVICE = 'token-vault';
const PLACE = 'OS keychain';

/**
 * The operating system's keychain: macOS Keychain, Windows Credential Vault, Secret Service on Linux. It stores only the 32 bytes of
 * the master key, so its size limits do not matter.
 *
 * @param isFirstRun whether there is no vault yet, which could use another source
 */
export function keychainSource(keychain: Keychain, isFirstRun = () => false): StoringKeySource {
  async function explained<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (failure) {
      throw explain(failure, isFirstRun());
    }
  }

  const read = (reference: string) => explained(() => keychain.read(SERVICE, reference));

  async function create(reference: string, key: Buffer): Promise<void> {
    const text = encodeKey(key);
    if ((await read(reference)) !== null) {
      throw new VaultError('vault_exists', `the ${PLACE} already has a key under ${reference}`, {
        hint: 'nothing was changed; try again',
      });
    }
    await explained(() => keychain.write(SERVICE, reference, text));
  }

  return {
    kind: 'keychain',
    keys: 'stored',
    setting: { kind: 'keychain' },
    place: PLACE,
    path: null,
    async load(reference) {
      const text = await read(reference);
      if (text === null) {
        throw new VaultError(
          'key_missing',
          `the ${PLACE} has no key for this vault (item ${SERVICE}, ${reference})`,
          {
            hint: 'run it as the user who created the vault, or restore that keychain; a new key would not open this vault',
          },
        );
      }
      return decodeKey(text, PLACE);
    },
    create,
    createBeside: create,
    async drop(dropped, kept) {
      if (dropped === kept) return true;
      await explained(() => keychain.remove(SERVICE, dropped));
      // A locked keychain that was just restarted shows none of its keys.
      const shows = kept === null || (await read(kept)) !== null;
      if (!shows || (await read(dropped)) !== null) throw stillThere(dropped);
      return true;
    },
    async remove(reference) {
      if ((await read(reference)) === null) return false;
      const removed = await explained(() => keychain.remove(SERVICE, reference));
      if (!removed || (await read(reference)) !== null) throw stillThere(reference);
      return true;
    },
  };
}

function stillThere(reference: string): VaultError {
  return new VaultError(
    'key_unavailable',
    `the ${PLACE} did not delete the old key (item ${SERVICE}, ${reference})`,
    { hint: command('key status') },
  );
}

const KINDS: Record<KeychainFailureKind, readonly [ErrorCode, says: string, step: string | null]> = {
  not_installed: ['keychain_not_installed', 'cannot be used', null],
  bus_missing: ['session_bus_missing', 'cannot be reached', null],
  unavailable: ['key_unavailable', 'cannot be used here', null],
  locked: ['key_locked', 'is locked', 'unlock it: log in to the desktop, or open your password manager'],
  denied: ['key_denied', 'denied access', 'try again, and allow access in the prompt'],
  timed_out: ['key_timed_out', 'hangs', 'look for a password prompt that is waiting'],
};

const anotherSource = () => `to keep the key in a file instead: ${command('init --key-source file')}`;
const WHERE_IT_WORKS = 'run it where the keychain works, such as a terminal of the desktop';

/** The libraries' own messages are not shown. */
function explain(failure: unknown, firstRun: boolean): unknown {
  const { kind, about, remedy } = failure as Partial<KeychainFailure>;
  if (kind === undefined || !Object.hasOwn(KINDS, kind)) return failure;
  const [code, says, step] = KINDS[kind];
  const usual = remedy ?? step;
  const hints = firstRun ? [usual, anotherSource()] : [usual ?? WHERE_IT_WORKS];
  return new VaultError(code, `the ${PLACE} ${says}${about == null ? '' : `: ${about}`}`, {
    hint: hints.filter((hint) => hint !== null).join('\n'),
    cause: failure,
  });
}
