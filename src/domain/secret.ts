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
