import { HOUR, SECOND } from '../domain/duration.js';
import type { Secret } from '../domain/secret.js';
import type { ErrorFacts } from '../providers/contract.js';
import type { HttpAnswer } from '../system/contract.js';
import { isObject, type Members, member } from './answer-body.js';
import { cleanText } from './clean.js';
import type { RefusalClass, RefusedAnswer } from './contract.js';

interface SaidError {
  readonly code: string | null;
  /** More specific codes, most specific first: `AADSTS50173`, then `suberror` or `error_subtype`. */
  readonly finer: readonly string[];
  readonly description: unknown;
}

/**
 * Classifies an error answer. The status decides first: 5xx, 429, 408 and 425 are transient whatever the body says;
 * redirects are not followed and mean a wrong endpoint. Then the codes, most specific first, each against the provider's
 * own table before the shared one. A body without a code comes from a gateway or captive portal and is transient; an
 * unknown code is a refusal that no login fixes.
 *
 * @param members the parsed body; null when it is not one object
 * @param now milliseconds since the epoch
 * @param sent secrets of the request, redacted where the answer echoes them
 */
export function classify(
  answer: HttpAnswer,
  members: Members | null,
  facts: ErrorFacts,
  now: number,
  sent: readonly Secret[] = [],
): RefusedAnswer {
  const said = members === null ? SILENCE : readError(members);
  const byStatus = `http_${answer.status}`;
  const code = said.code ?? (members === null && isSuccess(answer.status) ? 'not_json' : byStatus);
  const candidates = [...said.finer, code];
  const known = candidates.find((candidate) => peculiarClass(candidate, facts) !== null);
  const meaning = classOf(answer.status, code, candidates, facts);
  return {
    kind: 'refused',
    class: meaning,
    error: said.code === null || meansSomething(code, facts) ? code : (cleanText(code, 64, sent) ?? byStatus),
    detail: cleanText(known === code ? said.finer[0] : (known ?? said.finer[0]), 64, sent),
    description: cleanText(said.description, 200, sent),
    retryAfter: retryAfter(answer.headers['retry-after'], now),
    leavesOpen: meaning === 'transient' && !isTurnedAway(answer.status, code),
  };
}

/** Whether a body with a success status is an error (GitHub, Slack, Zoho). */
export function saysError(members: Members): boolean {
  const error = member(members, 'error');
  return member(members, 'ok') === false || filled(error) !== null || isObject(error);
}

/** Whether a body contains an error code, wherever it keeps it. */
export function namesError(members: Members): boolean {
  return saysError(members) || readError(members).code !== null;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Statuses of requests that were not processed (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
const NOT_BEGUN: readonly number[] = [408, 425, 429];

/** A 4xx without an OAuth code refuses the request as such; with a transient code anything may have happened. */
function isTurnedAway(status: number, code: string): boolean {
  return NOT_BEGUN.includes(status) || (status >= 400 && status < 500 && code === `http_${status}`);
}

const SILENCE: SaidError = { code: null, finer: [], description: null };

function classOf(
  status: number,
  code: string,
  candidates: readonly string[],
  facts: ErrorFacts,
): RefusalClass {
  if (status >= 300 && status < 400) return 'configuration';
  if (status >= 500 || status === 429 || status === 408 || status === 425) return 'transient';
  const meaning = (candidate: string) => peculiarClass(candidate, facts) ?? sharedClass(candidate);
  // Entra sends these with status 400 and contradicting finer codes.
  if (meaning(code) === 'transient') return 'transient';
  const known = candidates.map(meaning).find((kind) => kind !== null);
  return known ?? (code === 'not_json' || code.startsWith('http_') ? 'transient' : 'configuration');
}

/** A code of the standards or of the provider's documentation echoes no secret. */
function meansSomething(code: string, facts: ErrorFacts): boolean {
  return peculiarClass(code, facts) !== null || sharedClass(code) !== null;
}

function peculiarClass(code: string, facts: ErrorFacts): RefusalClass | null {
  if (facts.loginNeeded.includes(code)) return 'login_needed';
  if (facts.configuration.includes(code)) return 'configuration';
  if (facts.policy.includes(code)) return 'policy';
  return facts.transient.includes(code) ? 'transient' : null;
}

/**
 * Finds the code: `error` as a string (RFC 6749 §5.2) or an object (Google APIs), `code` (Notion), `errors[0]` (Fitbit).
 */
function readError(members: Members): SaidError {
  const error = member(members, 'error');
  const first = member(member(members, 'errors'), '0');
  const holder = isObject(error) ? error : isObject(first) && typeof error !== 'string' ? first : members;
  const code =
    filled(error) ??
    filled(member(holder, 'code')) ??
    filled(member(holder, 'errorType')) ??
    (holder === members ? null : filled(member(holder, 'status')));
  const description =
    filled(member(members, 'error_description')) ??
    filled(member(holder, 'error_description')) ??
    filled(member(holder, 'message')) ??
    filled(member(members, 'message'));
  const subtypes = [member(members, 'suberror'), member(members, 'error_subtype')];
  const field = filled(member(holder, 'field'));
  const finer = [
    ...entraCodes(members, description),
    ...subtypes.flatMap((value) => filled(value) ?? []),
    // Strava says what is wrong with which parameter: `refresh_token_invalid`.
    ...(field === null || code === null ? [] : [`${field}_${code}`]),
  ];
  return { code, finer, description };
}

/** Entra's numbers, from `error_codes`, else from the text: `AADSTS50173: …`. */
function entraCodes(members: Members, description: string | null): string[] {
  const listed = member(members, 'error_codes');
  const numbers = Array.isArray(listed) ? listed.filter((entry) => Number.isSafeInteger(entry)) : [];
  if (numbers.length > 0) return numbers.slice(0, 10).map((number) => `AADSTS${number}`);
  return (description?.slice(0, 10_000).match(/\bAADSTS\d{4,9}\b/g) ?? []).slice(0, 10);
}

export function filled(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/**
 * The shared meaning of error codes: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6, RFC 7009 §2.2.1, and what
 * well-known servers send instead. Provider-specific codes are in the provider's file.
 */
const CODES: Readonly<Record<RefusalClass, readonly string[]>> = {
  login_needed: [
    'invalid_grant',
    'invalid_rapt',
    'interaction_required',
    'login_required',
    'consent_required',
    'account_selection_required',
    'expired_token',
    // GitHub, Slack and Zoho name the token or the code instead of the grant.
    'bad_refresh_token',
    'bad_verification_code',
    'invalid_refresh_token',
    'invalid_code',
    'token_expired',
    'token_revoked',
  ],
  configuration: [
    'invalid_client',
    'invalid_client_id',
    'bad_client_secret',
    'deleted_client',
    'disabled_client',
    'incorrect_client_credentials',
    'unauthorized_client',
    'unsupported_grant_type',
    'unsupported_response_type',
    'invalid_scope',
    'invalid_request',
    'invalid_target',
    'redirect_uri_mismatch',
    'bad_redirect_uri',
  ],
  policy: [
    'access_denied',
    'admin_policy_enforced',
    'org_internal',
    'disallowed_useragent',
    'unverified_user_email',
  ],
  transient: [
    'temporarily_unavailable',
    'server_error',
    'slow_down',
    'internal_error',
    'internal_server_error',
    'internal_failure',
    'service_unavailable',
    'service_overload',
    'gateway_timeout',
    'conflict_error',
    'fatal_error',
    'ratelimited',
    'rate_limited',
    'rate_limit_exceeded',
  ],
};

const CLASSES: ReadonlyMap<string, RefusalClass> = new Map(
  (Object.keys(CODES) as RefusalClass[]).flatMap((kind) => CODES[kind].map((code) => [code, kind] as const)),
);

/** @returns null for a code that is not shared */
function sharedClass(code: string): RefusalClass | null {
  return CLASSES.get(code) ?? null;
}

/**
 * Parses a Retry-After header, in seconds or as a date (RFC 9110 §10.2.3).
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds, at most one hour; null without a usable value
 */
function retryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  const wait = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now;
  // Date.parse reads "-5" as a date long ago; a past date is as good as none.
  return Number.isNaN(wait) || wait < 0 ? null : Math.min(Math.ceil(wait), HOUR);
}
