import type { Identity } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import { describeTransport, TransportFailure, transportHint } from '../domain/transport.js';
import type { IdentityRequest, IdentitySource } from '../providers/contract.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { type Members, member, parseJsonMembers, parseMembers } from './answer-body.js';
import { printable } from './clean.js';
import type { GrantedAnswer } from './contract.js';
import { isSuccess } from './token-error.js';

export interface IdentityQuestion {
  readonly source: IdentitySource;
  /** The checked claims of the id_token; null without one. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  readonly answer: GrantedAnswer;
  readonly http: Http;
  readonly accessToken: Secret;
}

/**
 * Determines who logged in, from the provider's {@link IdentitySource}. Without an id_token the request of the source is
 * used, if it has one (userinfo endpoint, OpenID Connect Core §5.3).
 *
 * @throws VaultError `network_failed` or `provider_unavailable` when a retry may help; `provider_answer_invalid` when the
 *   answer does not identify the user, or contradicts the id_token
 */
export async function readIdentity(question: IdentityQuestion): Promise<Identity> {
  const { source, claims } = question;
  const documents = { main: await mainDocument(question), claims, answer: question.answer.members };
  return {
    subject: readSubject(source, documents),
    email: readFirst(source.email, documents),
    name: readFirst(source.name, documents),
    details: readDetails(source, documents),
  };
}

async function mainDocument(question: IdentityQuestion): Promise<Members> {
  const { source, claims, answer, http, accessToken } = question;
  if (source.from === 'token_response') return answer.members;
  if (source.from === 'id_token' && claims !== null) return claims;
  if (source.from === 'none' || source.request === null) {
    throw new VaultError('provider_answer_invalid', 'the provider does not report who logged in', {
      hint: 'add the scope openid to this login, or name a userinfoEndpoint for this provider in config.json',
    });
  }
  const document = await ask(http, source.request, `${answer.tokenType} ${accessToken.reveal()}`);
  const subject = member(document, 'sub');
  // OpenID Connect Core §5.3.2: an answer about another subject must not be used.
  if (claims !== null && subject !== undefined && subject !== claims['sub']) {
    throw new VaultError(
      'provider_answer_invalid',
      'the userinfo answer is not about the user who logged in',
    );
  }
  return document;
}

async function ask(http: Http, request: IdentityRequest, authorization: string): Promise<Members> {
  const headers = { accept: 'application/json', ...request.headers, authorization };
  const { url, body } = request;
  const host = new URL(url).host;
  let answer: HttpAnswer;
  try {
    answer = await http.send(
      body === undefined
        ? { method: 'GET', url, headers }
        : { method: 'POST', url, headers: { ...headers, 'content-type': 'application/json' }, body },
    );
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    const hint = transportHint(failure, '');
    throw new VaultError(
      'network_failed',
      `it is unknown who logged in, because ${describeTransport(failure)}`,
      hint === '' ? {} : { hint },
    );
  }
  const members = parseMembers(answer) ?? signedMembers(answer);
  if (isSuccess(answer.status) && members !== null) return members;
  throw unanswered(host, answer.status);
}

/**
 * The claims of a signed answer (OpenID Connect Core §5.3.2). As with an id_token (§3.1.3.7) the signature is not
 * checked: the answer came over the same TLS connection as an unsigned one.
 *
 * @returns null for anything else, encrypted answers included
 */
function signedMembers({ body }: HttpAnswer): Members | null {
  const parts = body.trim().split('.');
  if (parts.length !== 3 || !parts.slice(0, 2).every((part) => /^[\w-]+$/.test(part))) return null;
  return parseJsonMembers({ body: Buffer.from(parts[1] ?? '', 'base64url').toString('utf8') });
}

function unanswered(host: string, status: number): VaultError {
  const message = `${host} did not report who logged in (status ${status})`;
  const refusing = status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
  return refusing
    ? new VaultError('provider_answer_invalid', message, {
        hint: 'check that the requested scopes let the client read the identity of the user, and that the API is enabled for the client',
      })
    : new VaultError('provider_unavailable', message);
}

function readSubject(source: IdentitySource, documents: Documents): string {
  const parts = source.subject.map((path) => readPath(path, documents));
  const missing = source.subject.filter((_, index) => parts[index] === null);
  if (missing.length > 0 || parts.length === 0) {
    throw new VaultError(
      'provider_answer_invalid',
      `the provider's answer does not identify the user: it lacks ${missing.join(', ') || 'the subject'}`,
      {
        hint: 'log in as a user for whom the provider reports it, and request the scopes that let the client read it',
      },
    );
  }
  return parts.join(':');
}

/**
 * The subject that an id_token's claims identify.
 *
 * @returns null when the source has the subject from elsewhere
 */
export function subjectOfClaims(source: IdentitySource, claims: Members): string | null {
  const parts = source.subject.map((path) => readPath(path, { main: claims, claims, answer: null }));
  return parts.length === 0 || parts.includes(null) ? null : parts.join(':');
}

function readDetails(source: IdentitySource, documents: Documents): Record<string, string> {
  const found = Object.entries(source.details).map(
    ([name, path]) => [name, readPath(path, documents)] as const,
  );
  return Object.fromEntries(found.filter((entry): entry is readonly [string, string] => entry[1] !== null));
}

const LONGEST_VALUE = 512;

/** Documents that hold an identity; a path without a document's name means `main`. */
export interface Documents {
  readonly main: unknown;
  /** The id_token's claims. */
  readonly claims: unknown;
  /** The token endpoint's answer. */
  readonly answer: unknown;
}

/**
 * Reads `owner.user.id`, `items.0.id`, alternatives `sub|id`, or `id_token.sub` and `token_response.team.id`, which name their
 * documents.
 *
 * @returns the string or number found, on one line; null when missing or too long for a name
 */
function readPath(path: string, documents: Documents): string | null {
  for (const alternative of path.split('|')) {
    const steps = alternative.split('.');
    const named = NAMED[steps[0] ?? ''];
    const start = named === undefined ? documents.main : documents[named];
    const found = asText((named === undefined ? steps : steps.slice(1)).reduce(member, start));
    if (found !== null) return found;
  }
  return null;
}

const NAMED: Readonly<Record<string, 'claims' | 'answer'>> = { id_token: 'claims', token_response: 'answer' };

function readFirst(paths: readonly string[], documents: Documents): string | null {
  for (const path of paths) {
    const found = readPath(path, documents);
    if (found !== null) return found;
  }
  return null;
}

function asText(value: unknown): string | null {
  // Beyond the safe integers two users could have the same digits.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value !== 'string' || value.length > LONGEST_VALUE) return null;
  return printable(value, LONGEST_VALUE);
}
