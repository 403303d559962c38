import { isUsualCost, SALT_BYTES, type StretchCost } from '../crypto/stretch.js';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';

export interface Stretching {
  readonly cost: StretchCost;
  readonly salt: Buffer;
}

/** As the vault keeps it beside the reference of the key. */
export function writeStretching({ cost: { n, r, p }, salt }: Stretching): string {
  return JSON.stringify({ kdf: 'scrypt', n, r, p, salt: salt.toString('base64url') });
}

/**
 * Reads it back.
 *
 * @throws VaultError `vault_damaged` when it is not as this program or its next versions would write it
 */
export function readStretching(text: string | null): Stretching {
  const { kdf, n, r, p, salt } = parse(text);
  const bytes = typeof salt === 'string' ? Buffer.from(salt, 'base64url') : Buffer.alloc(0);
  if (
    kdf !== 'scrypt' ||
    !isUsualCost(n, r, p) ||
    bytes.length !== SALT_BYTES ||
    bytes.toString('base64url') !== salt
  ) {
    throw new VaultError(
      'vault_damaged',
      'the vault was altered or is damaged: it does not say how its key is made from the passphrase',
      { hint: FROM_BACKUP },
    );
  }
  return { cost: { n, r, p } as StretchCost, salt: bytes };
}

function parse(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
