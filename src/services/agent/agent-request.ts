import type { ThroughAgent } from '../../audit/events.js';
import { MINUTE, parseDuration } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { parseScopes } from '../../domain/scopes.js';
import type { TokenRequest } from '../contract.js';
import { namesMailbox, TOKEN_FORMATS, type TokenFormat } from '../token/token-formats.js';

/* What is asked for on the agent's socket: the options of `vault token` as a path and a query, read as strictly. */

const ENOUGH = 5 * MINUTE;

export interface AskedToken {
  readonly request: TokenRequest;
  readonly format: TokenFormat;
}

/**
 * Reads `/token/google/alice@example.com?min_valid=30m&scope=a&scope=b&format=header`.
 *
 * @param name what stands behind `/token/`, still percent-encoded; empty means the only account there is
 * @throws VaultError `usage`
 */
export function readTokenQuery(name: string, query: URLSearchParams): AskedToken {
  refuseUnknown(query, ['min_valid', 'scope', 'format']);
  const written = single(query, 'format') ?? 'raw';
  const format = TOKEN_FORMATS.find((each) => each === written);
  if (format === undefined) throw usage(`format takes one of: ${TOKEN_FORMATS.join(', ')}`);
  const minValid = single(query, 'min_valid');
  return {
    request: {
      selector: name === '' ? null : decoded(name),
      minValid: minValid === null ? ENOUGH : parseDuration(minValid, 'min_valid'),
      insist: minValid !== null,
      scopes: query.getAll('scope').flatMap(readScopes),
      refresh: false,
      withIdentity: namesMailbox(format),
      ...(format === 'json' ? { anyType: true } : {}),
      asker: { through: 'agent' },
    },
    format,
  };
}

/** The path and query by which the command line asks for a whole {@link import('../contract.js').ValidToken}. */
export function validTarget(
  { selector, minValid, scopes, withIdentity, anyType }: TokenRequest,
  asker: Omit<ThroughAgent, 'through'>,
): string {
  const asked = JSON.stringify({ selector, minValid, scopes, withIdentity, anyType, asker });
  return `/valid?${new URLSearchParams({ asked })}`;
}

/** @throws VaultError `usage` */
export function readValidQuery(query: URLSearchParams): TokenRequest {
  const asked = parse(query.get('asked') ?? '');
  const { selector = null, minValid, scopes, withIdentity, anyType } = asked ?? {};
  const sound =
    (selector === null || typeof selector === 'string') &&
    typeof minValid === 'number' &&
    minValid >= 0 &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string');
  if (!sound) throw usage('this path is for the command line only');
  const asker = readAsker(asked?.['asker']);
  const any = anyType === true ? { anyType } : {};
  return { selector, minValid, scopes, refresh: false, withIdentity: withIdentity === true, ...any, asker };
}

/**
 * It goes into the trail, marked as what a client says of itself: nothing proves it. It is taken in the forms alone in which
 * this program says it.
 */
function readAsker(said: unknown): ThroughAgent {
  const { pid, parent, terminal } = (said ?? {}) as Readonly<Record<string, unknown>>;
  return {
    through: 'agent',
    said_by_client: true,
    ...(Number.isSafeInteger(pid) && Number(pid) > 0 && { pid: Number(pid) }),
    ...(typeof parent === 'string' && /^[\x21-\x7e]{1,16}$/.test(parent) ? { parent } : { parent: null }),
    terminal: typeof terminal === 'boolean' ? terminal : null,
  };
}

function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  const strange = [...query.keys()].find((key) => !known.includes(key));
  // Its name stays unsaid: it could be a token that somebody pasted into the wrong place.
  if (strange !== undefined) throw usage(`a parameter is unknown; there are ${known.join(', ')}`);
}

function single(query: URLSearchParams, key: string): string | null {
  const values = query.getAll(key);
  if (values.length > 1) throw usage(`${key} is given more than once`);
  if (values[0] === '') throw usage(`${key} is empty`);
  return values[0] ?? null;
}

function readScopes(text: string): readonly string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const read = parseScopes(text) ?? [];
  if (read.length === 0 || words.some((word) => !read.includes(word)))
    throw usage('scope takes a scope as the provider writes it, without special characters');
  return read;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw usage("the account's name is not written as a URL wants it");
  }
}

function usage(message: string): VaultError {
  return new VaultError('usage', message, {
    hint: 'for example: http://vault/token/google?min_valid=30m&format=header',
  });
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
