import { VaultError } from './errors.js';

/**
 * A string that must never be shown: an access token, a refresh token, a client secret, a code verifier.
 * Printing, serialising or inspecting it gives `[redacted]`. Only {@link Secret.reveal} returns the value, so
 * `grep reveal` lists every place where a secret leaves its wrapper.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it where the value is used, never earlier. */
  reveal(): string {
    return this.#value;
  }

  get length(): number {
    return this.#value.length;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}

/** In characters. Shorter passphrases can be guessed in spite of scrypt. */
const LEAST_LENGTH = 12;

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

/** @throws VaultError `usage` when a new passphrase is too short */
export function assertStrongPassphrase(passphrase: Secret): void {
  if ([...passphrase.reveal().normalize('NFC')].length >= LEAST_LENGTH) return;
  throw new VaultError('usage', `the passphrase is too short: it needs at least ${LEAST_LENGTH} characters`, {
    hint: 'use four or five random words',
  });
}
