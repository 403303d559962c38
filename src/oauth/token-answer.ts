import { DAY, SECOND } from '../domain/duration.js';
import { parseScopes } from '../domain/scopes.js';
import { Secret } from '../domain/secret.js';
import type { ErrorFacts, Provider } from '../providers/contract.js';
import type { HttpAnswer } from '../system/contract.js';
import { isObject, type Members, member, parseJsonMembers, parseMembers } from './answer-body.js';
import type { GrantedAnswer, RefusedAnswer, TokenAnswer } from './contract.js';
import { classify, filled, isSuccess, namesError, saysError } from './token-error.js';

/** Harmless in a header and in a shell. */
const ACCESS_TOKEN = /^[\x21-\x7e]{1,16384}$/;
/** RFC 6749 Appendix A.17. It is only sent in a body, so a space is harmless. */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,16384}$/;
const ID_TOKEN = /^[\w-]+(?:\.[\w-]*){2,4}$/;
const LONGEST_ID_TOKEN = 16_384;
const TOKENS = ['access_token', 'accessToken', 'refresh_token', 'refreshToken'];
/** A scheme of RFC 9110 §11.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9._-]{0,31}$/;
/** Token kinds in place of a scheme (Slack, Apigee); the scheme is Bearer. */
const NOT_SCHEMES: readonly string[] = ['bearer', 'bearertoken', 'user', 'bot', 'access_token'];

/**
 * Parses the answer of a token endpoint, tolerant of what real providers send and of nothing harmful. An answer with a
 * usable refresh token is granted even when everything else in it is useless.
 *
 * @param now milliseconds since the epoch
 * @param sent secrets of the request, redacted where an error echoes them
 */
export function readTokenAnswer(
  answer: HttpAnswer,
  facts: ErrorFacts,
  now: number,
  sent: readonly Secret[] = [],
  lifetime: LifetimeFacts = {},
): TokenAnswer {
  const members = parseMembers(answer);
  if (!isSuccess(answer.status) || members === null) return classify(answer, members, facts, now, sent);
  const holder = tokenHolder(members);
  const flaws: string[] = [];
  const accessToken = readAccessToken(holder, flaws);
  const refreshToken = readRefreshToken(holder, flaws);
  const failed = saysError(members);
  if (accessToken === null && (failed || refreshToken === null)) {
    return failed ? classify(answer, members, facts, now, sent) : useless(flaws);
  }
  if (failed) flaws.push('the answer names an error besides the token');
  return {
    kind: 'granted',
    accessToken,
    refreshToken,
    tokenType: readTokenType(holder, flaws),
    expiresIn:
      readLifetime(holder, ['expires_in', 'expiresIn', 'expires'], flaws) ??
      lifeUntil(holder, lifetime, now) ??
      lifetime.tokenLifetime ??
      null,
    refreshTokenExpiresIn: readLifetime(holder, ['refresh_token_expires_in', 'refresh_expires_in'], flaws),
    scopes: parseScopes(member(holder, 'scope') ?? member(members, 'scope') ?? member(members, 'scopes')),
    idToken: readIdTokenMember(members, flaws),
    members,
    flaws,
  } satisfies GrantedAnswer;
}

/** Whether the body is one whole JSON object with a token or an error, which counts however its transport ended. */
export function isWholeByItself(answer: HttpAnswer): boolean {
  const members = parseJsonMembers(answer);
  if (members === null) return false;
  return TOKENS.some((name) => filled(member(tokenHolder(members), name)) !== null) || namesError(members);
}

/** Slack nests the user's token. */
function tokenHolder(members: Members): Members {
  const nested = member(members, 'authed_user');
  const atTop = TOKENS.some((name) => name in members);
  return !atTop && isObject(nested) ? nested : members;
}

function readAccessToken(holder: Members, flaws: string[]): Secret | null {
  const value = member(holder, 'access_token') ?? member(holder, 'accessToken');
  if (typeof value === 'string' && ACCESS_TOKEN.test(value)) return new Secret(value);
  flaws.push(
    value === undefined || value === null || value === ''
      ? NO_ACCESS_TOKEN
      : 'the access token holds characters that cannot be printed or is too long',
  );
  return null;
}

function readRefreshToken(holder: Members, flaws: string[]): Secret | null {
  const value = member(holder, 'refresh_token') ?? member(holder, 'refreshToken');
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && REFRESH_TOKEN.test(value)) return new Secret(value);
  flaws.push(ODD_REFRESH_TOKEN);
  return null;
}

function readTokenType(holder: Members, flaws: string[]): string {
  const value = member(holder, 'token_type') ?? member(holder, 'tokenType');
  if (typeof value === 'string' && NOT_SCHEMES.includes(value.toLowerCase())) return 'Bearer';
  if (typeof value === 'string' && SCHEME.test(value)) return value;
  if (value !== undefined && value !== null && value !== '')
    flaws.push('the token type is not valid; Bearer is assumed');
  return 'Bearer';
}

function readIdTokenMember(members: Members, flaws: string[]): Secret | null {
  const value = member(members, 'id_token');
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && value.length <= LONGEST_ID_TOKEN && ID_TOKEN.test(value))
    return new Secret(value);
  flaws.push('the id_token is malformed or too long');
  return null;
}

/** The refresh token cannot be sent, and the one it replaces may no longer work. */
export const ODD_REFRESH_TOKEN = 'the refresh token holds characters that cannot be used or is too long';

const NO_ACCESS_TOKEN = 'the answer has no access token';

function useless(flaws: readonly string[]): RefusedAnswer {
  const absent = flaws.includes(NO_ACCESS_TOKEN);
  return {
    kind: 'refused',
    class: 'transient',
    error: absent ? 'no_access_token' : 'token_unprintable',
    detail: null,
    description: absent ? null : (flaws[0] ?? null),
    retryAfter: null,
    leavesOpen: true,
  };
}

/** How long a token lives whose answer has no `expires_in`. */
export type LifetimeFacts = Pick<Provider, 'tokenLifetime' | 'expiresAtMember'>;

/** Until a time that the answer names: a date, or seconds since the epoch. Null: it names none. */
function lifeUntil(holder: Members, { expiresAtMember }: LifetimeFacts, now: number): number | null {
  const value = expiresAtMember === undefined ? null : (member(holder, expiresAtMember) ?? null);
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  const at = isNumber ? Number(value) * SECOND : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  // One that is over lives for a moment: null would mean that it may live for ever.
  return Number.isNaN(at) ? null : Math.min(Math.max(1, Math.floor((at - now) / SECOND)), LONGEST);
}

/** Ten years. A larger value is not "forever". */
const LONGEST = (3_650 * DAY) / SECOND;

/**
 * Reads a lifetime in seconds, as a number or as digits (PayPal, older Azure), clamped to ten years. Zero means "does not
 * expire" (Mailchimp) and is treated as missing.
 *
 * @param names the first that is present counts
 * @returns null when unknown; an unusable value is also named in `flaws`
 */
export function readLifetime(holder: Members, names: readonly string[], flaws: string[]): number | null {
  const name = names.find((candidate) => (member(holder, candidate) ?? null) !== null);
  if (name === undefined) return null;
  const value = member(holder, name);
  const digits = typeof value === 'string' && /^\s*\d{1,20}(?:\.\d+)?\s*$/.test(value);
  const seconds = digits ? Number(value) : value;
  // `expires` is a lifetime at Facebook and a date elsewhere.
  const isDate = name === 'expires' && Number(seconds) > LONGEST;
  if (typeof seconds !== 'number' || !(seconds >= 0) || isDate) {
    flaws.push(`${name} is not a valid lifetime`);
    return null;
  }
  return seconds < 1 ? null : Math.min(Math.floor(seconds), LONGEST);
}
