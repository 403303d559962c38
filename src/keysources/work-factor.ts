import type { StretchCost } from '../crypto/stretch.js';
import { VaultError } from '../domain/errors.js';

/** 128 MiB and about half a second: what OWASP's Password Storage Cheat Sheet asks of scrypt at least. */
export const USUAL_COST: StretchCost = { n: 2 ** 17, r: 8, p: 1 };
/** Twice the memory: room for a later version, and not enough to bring a small server down. */
const MOST = { n: 2 ** 18, p: 4 };
export const SALT_BYTES = 32;

export interface Stretching {
  readonly cost: StretchCost;
  readonly salt: Buffer;
}

/** As the vault keeps it beside the reference of the key. */
export function writeStretching({ cost: { n, r, p }, salt }: Stretching): string {
  return JSON.stringify({ kdf: 'scrypt', n, r, p, salt: salt.toString('base64url') });
}

/**
 * Reads it back. Whoever can write to the vault's file must neither make every command ask for gigabytes nor make
 * the passphrase cheap to guess.
 *
 * @throws VaultError `vault_damaged` when it is not as this program or its next versions would write it
 */
export function readStretching(text: string | null): Stretching {
  const { kdf, n, r, p, salt } = parse(text);
  const bytes = typeof salt === 'string' ? Buffer.from(salt, 'base64url') : Buffer.alloc(0);
  const between = (value: unknown, least: number, most: number): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
  if (
    kdf !== 'scrypt' ||
    !between(n, USUAL_COST.n, MOST.n) ||
    Math.log2(n) % 1 !== 0 ||
    r !== USUAL_COST.r ||
    !between(p, USUAL_COST.p, MOST.p) ||
    bytes.length !== SALT_BYTES ||
    bytes.toString('base64url') !== salt
  ) {
    throw new VaultError(
      'vault_damaged',
      'the vault was altered or is damaged: it does not say how its key is made from the passphrase',
      { hint: 'restore the vault from a backup' },
    );
  }
  return { cost: { n, r, p }, salt: bytes };
}

function parse(text: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
