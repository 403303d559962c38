import { random } from '../crypto/derive.js';
import {
  isUsualCost,
  memoryOf,
  SALT_BYTES,
  type StretchCost,
  stretch,
  USUAL_COST,
} from '../crypto/stretch.js';
import { VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import { jsonObject } from '../domain/json.js';
import { assertStrongPassphrase, withPassphraseBytes } from '../domain/passphrase.js';
import type { Secret } from '../domain/secret.js';
import { type DerivedKeySource, MASTER_KEY_BYTES } from './contract.js';

export interface PassphraseParts {
  /**
   * Reads the passphrase, or prompts for it.
   *
   * @param fresh a new one: it is typed twice
   * @throws VaultError `key_unavailable`, `key_missing`, `key_timed_out`, `vault_permissions`; the interruption's reason
   */
  readonly ask: (fresh: boolean) => Promise<Secret>;
  /** For example `passphrase in /run/…`. */
  readonly place: string;
}

/**
 * A passphrase from which scrypt derives the key each time. Only the salt and the work factor are stored, in the vault.
 *
 * @param file with the passphrase, from the configuration
 */
export function passphraseSource(file: string | null, { ask, place }: PassphraseParts): DerivedKeySource {
  return {
    kind: 'passphrase',
    keys: 'derived',
    setting: { kind: 'passphrase', file },
    place,
    path: null,
    ifWrong: 'run it again and enter the passphrase that was chosen for this vault',
    async load(_reference, parameters = null) {
      const stretching = readStretching(parameters);
      return keyFrom(await asked(ask(false)), stretching);
    },
    async derive(_reference, replaced = []) {
      const passphrase = await ask(true);
      assertStrongPassphrase(passphrase);
      for (const { parameters, matches } of replaced) {
        const key = await keyFrom(passphrase, readStretching(parameters));
        const isOld = matches(key);
        key.fill(0);
        if (isOld) throw sameAsBefore(place);
      }
      const stretching = { cost: USUAL_COST, salt: random(SALT_BYTES) };
      return { key: await keyFrom(passphrase, stretching), parameters: writeStretching(stretching) };
    },
  };
}

/** Another salt gives another key, but the old passphrase would still open the vault. */
function sameAsBefore(place: string): VaultError {
  return new VaultError('usage', `the ${place} is the same as before`, {
    hint: 'choose another passphrase; nothing was changed',
  });
}

async function asked(asking: Promise<Secret>): Promise<Secret> {
  const passphrase = await asking;
  if (passphrase.length > 0) return passphrase;
  throw new VaultError('key_missing', 'the passphrase is empty', {
    hint: 'enter the passphrase that was chosen for this vault',
  });
}

async function keyFrom(passphrase: Secret, { cost, salt }: Stretching): Promise<Buffer> {
  try {
    return await withPassphraseBytes(passphrase, (bytes) => stretch(bytes, salt, cost, MASTER_KEY_BYTES));
  } catch (failure) {
    throw new VaultError(
      'key_unavailable',
      `deriving the key from the passphrase needs ${memoryOf(cost)} MiB of memory`,
      {
        hint: `give this process more memory, or use a key file here: ${command('key add file')}`,
        cause: failure,
      },
    );
  }
}

export interface Stretching {
  readonly cost: StretchCost;
  readonly salt: Buffer;
}

export function writeStretching({ cost: { n, r, p }, salt }: Stretching): string {
  return JSON.stringify({ kdf: 'scrypt', n, r, p, salt: salt.toString('base64url') });
}

/** @throws VaultError `vault_damaged` */
export function readStretching(text: string | null): Stretching {
  const { kdf, n, r, p, salt } = jsonObject(text ?? '') ?? {};
  const bytes = typeof salt === 'string' ? Buffer.from(salt, 'base64url') : Buffer.alloc(0);
  if (
    kdf !== 'scrypt' ||
    !isUsualCost(n, r, p) ||
    bytes.length !== SALT_BYTES ||
    bytes.toString('base64url') !== salt
  ) {
    throw new VaultError(
      'vault_damaged',
      'the vault was altered or is damaged: it lacks the parameters of the passphrase',
      { hint: fromBackup() },
    );
  }
  return { cost: { n, r, p } as StretchCost, salt: bytes };
}
