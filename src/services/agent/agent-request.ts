import type { ThroughAgent } from '../../audit/events.js';
import { MINUTE, parseDuration } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { parseScopes } from '../../domain/scopes.js';
import type { TokenRequest } from '../contract.js';
import { namesMailbox, TOKEN_FORMATS, type TokenFormat } from '../token/token-formats.js';

/* What is asked for on the agent's socket: the options of `vault token` as a path and a query, read as strictly. */

const MIN_VALID = 5 * MINUTE;

export interface AskedToken {
  readonly request: TokenRequest;
  readonly format: TokenFormat;
}

/**
 * Reads `/token/google/alice@example.com?min_valid=30m&scope=a&scope=b&format=header`.
 *
 * @param name the part after `/token/`, still percent-encoded; empty means the only account there is
 * @param client the `token-vault-client` header; null when there is none, as from curl
 * @throws VaultError `usage`
 */
export function readTokenQuery(name: string, query: URLSearchParams, client: string | null): AskedToken {
  refuseUnknown(query, ['min_valid', 'scope', 'format', 'email']);
  const written = single(query, 'format') ?? 'raw';
  const format = TOKEN_FORMATS.find((each) => each === written);
  if (format === undefined) throw usage(`format takes one of: ${TOKEN_FORMATS.join(', ')}`);
  const minValid = single(query, 'min_valid');
  const email = single(query, 'email') ?? 'no';
  if (email !== 'yes' && email !== 'no') throw usage('email takes one of: yes, no');
  return {
    request: {
      selector: name === '' ? null : decoded(name),
      minValid: minValid === null ? MIN_VALID : parseDuration(minValid, 'min_valid'),
      // `vault token` shows warnings, curl does not.
      insist: minValid !== null && client === null,
      scopes: query.getAll('scope').flatMap(readScopes),
      refresh: false,
      withIdentity: namesMailbox(format) || email === 'yes',
      ...(format === 'json' ? { anyType: true } : {}),
      caller: readCaller(client),
    },
    format,
  };
}

/**
 * It goes into the audit trail, marked as the client's word: nothing proves it. Only what has the form in which this program
 * writes it is kept.
 */
function readCaller(client: string | null): ThroughAgent {
  if (client === null) return { through: 'agent' };
  const { pid, parent, terminal } = parse(client) ?? {};
  return {
    through: 'agent',
    said_by_client: true,
    ...(Number.isSafeInteger(pid) && Number(pid) > 0 && { pid: Number(pid) }),
    parent: typeof parent === 'string' && /^[\x21-\x7e]{1,16}$/.test(parent) ? parent : null,
    terminal: typeof terminal === 'boolean' ? terminal : null,
  };
}

function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  const strange = [...query.keys()].find((key) => !known.includes(key));
  // It is not named: it could be a token pasted into the wrong place.
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
