import { VaultError } from './errors.js';
import type { Secret } from './secret.js';

/** In characters. Shorter ones are guessed in spite of scrypt. */
const LEAST_LENGTH = 12;

/**
 * Hands over the passphrase as UTF-8, which is wiped afterwards. Normalized, because the same letters typed on another
 * system may come as other code points.
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

/** @throws VaultError `usage` when a new passphrase is too easy to guess */
export function refuseEasy(passphrase: Secret): void {
  if ([...passphrase.reveal().normalize('NFC')].length >= LEAST_LENGTH) return;
  throw new VaultError('usage', `the passphrase is too short: it needs at least ${LEAST_LENGTH} characters`, {
    hint: 'four or five words that nobody would put together make a good one',
  });
}
