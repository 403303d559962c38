import { VaultError } from './errors.js';
import type { Secret } from './secret.js';

/** In characters. Shorter ones are guessed in spite of scrypt. */
const LEAST_LENGTH = 12;

/** The same letters, typed on another system, may come as other code points. UTF-8; the caller wipes it. */
export function passphraseBytes(passphrase: Secret): Buffer {
  return Buffer.from(passphrase.reveal().normalize('NFC'), 'utf8');
}

/** @throws VaultError `usage` when a new passphrase is too easy to guess */
export function refuseEasy(passphrase: Secret): void {
  if ([...passphrase.reveal().normalize('NFC')].length >= LEAST_LENGTH) return;
  throw new VaultError('usage', `the passphrase is too short: it needs at least ${LEAST_LENGTH} characters`, {
    hint: 'four or five words that nobody would put together make a good one',
  });
}
