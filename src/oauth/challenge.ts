/** What a protected resource says of the token that it wants (RFC 6750 §3, RFC 9728 §5.1). */
export interface Challenge {
  /** The address of its metadata; null when it names none. */
  readonly resourceMetadata: string | null;
  /** Null when it names none. */
  readonly scopes: readonly string[] | null;
  /** For example `insufficient_scope`. */
  readonly error: string | null;
}

const LONGEST = 8_192;
/** A parameter, or a word that begins the next challenge (RFC 9110 §11.6.1). */
const PART = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y;
/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const MOST_SCOPES = 100;

/** The first Bearer challenge in a `WWW-Authenticate`; null when there is none. */
export function bearerChallenge(header: string | undefined): Challenge | null {
  let parameters: Map<string, string> | null = null;
  const text = (header ?? '').slice(0, LONGEST);
  PART.lastIndex = 0;
  for (let found = PART.exec(text); found !== null; found = PART.exec(text)) {
    const [, name = '', quoted, plain] = found;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
    if (value === undefined) {
      if (parameters !== null) break;
      if (name.toLowerCase() === 'bearer') parameters = new Map();
    } else if (parameters !== null && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value);
    }
  }
  if (parameters === null) return null;
  return {
    resourceMetadata: parameters.get('resource_metadata') ?? null,
    scopes: usableScopes(parameters.get('scope')?.split(' ')),
    error: parameters.get('error') ?? null,
  };
}

/** What can be sent as a scope, each once. Null when there is none. */
export function usableScopes(scopes: readonly string[] | null | undefined): readonly string[] | null {
  const usable = [...new Set((scopes ?? []).filter((scope) => SCOPE.test(scope)))].slice(0, MOST_SCOPES);
  return usable.length === 0 ? null : usable;
}
