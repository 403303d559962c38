import { VaultError } from './errors.js';
import type { Secret } from './secret.js';

/** In characters. Shorter passphrases can be guessed in spite of scrypt. */
export const LEAST_LENGTH = 12;

/**
 * Runs `action` with the passphrase as UTF-8 and wipes the bytes afterwards. The text is normalized, because another
 * system may send the same letters as other code points.
 */
export async function withPassphraseBytes<T>(
  passphrase: Secret,
  action: (bytes: Buffer) => Promise<T>,
): Promise<T> {
  const bytes = Buffer.from(passphrase.reveal().normalize('NFC'), 'utf8');
  try {
    return await action(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Whether a new passphrase has at least {@link LEAST_LENGTH} characters. */
export function isLongEnough(passphrase: Secret): boolean {
  return [...passphrase.reveal().normalize('NFC')].length >= LEAST_LENGTH;
}

/** @throws VaultError `usage` when a new passphrase is too short */
export function assertStrongPassphrase(passphrase: Secret): void {
  if (isLongEnough(passphrase)) return;
  throw new VaultError('usage', `the passphrase is too short: it needs at least ${LEAST_LENGTH} characters`, {
    hint: 'use four or five random words',
  });
}
