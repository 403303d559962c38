import type { ThroughAgent } from '../../domain/audit-events.js';
import { parseDuration } from '../../domain/duration-text.js';
import { asVaultError, errorDocument } from '../../domain/error-forms.js';
import { type ErrorCode, EXIT_CODES, VaultError } from '../../domain/errors.js';
import { jsonObject } from '../../domain/json.js';
import { harmlessJson } from '../../domain/safe-text.js';
import { parseScopes } from '../../domain/scopes.js';
import { MIN_VALID } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { ServedAnswer, ServedRequest } from '../../system/agent/agent-server.js';
import { checkNamedMailbox } from '../token/named-mailbox.js';
import { formatToken, namesMailbox, TOKEN_FORMATS, type TokenFormat } from '../token/token-formats.js';
import { tokenDocument } from '../token/token-formats-rest.js';
import type { TokenRequest } from '../token/token-request.js';
import type { AgentStatus } from './agent-report.js';

/*
 * What the agent answers on its socket:
 *
 *   GET  /token/ACCOUNT   a valid access token as text, or as `format` says
 *   GET  /status          the status of the agent
 *   POST /stop            stops it
 */

export interface RouteDeps {
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  readonly status: () => AgentStatus;
  readonly stop: () => void;
}

const MAX_WAITING = 128;

/** A browser that is sent here through a forwarded port names that port's host. Upper case counts too: RFC 9110 §4.2.3. */
const OWN_HOSTS = /^(?:vault|localhost)(?::\d+)?$/i;

/** @returns a function that never rejects */
export function agentRoutes(deps: RouteDeps): (request: ServedRequest) => Promise<ServedAnswer> {
  let waiting = 0;

  async function token(request: TokenRequest): Promise<ValidToken> {
    if (waiting >= MAX_WAITING) {
      throw new VaultError('busy', `${waiting} requests are already waiting for a token`, {
        hint: 'try again in a moment',
      });
    }
    waiting += 1;
    try {
      return await deps.token(request);
    } finally {
      waiting -= 1;
    }
  }

  async function route(request: ServedRequest): Promise<ServedAnswer> {
    if (request.fromBrowser) return refusal(403, 'usage', 'requests from browsers are not answered');
    // A proxy in front of the socket could read the other one of two (RFC 9112 §3.2).
    if (request.hosts.length !== 1)
      return refusal(400, 'usage', 'exactly one Host header is required', 'http://vault/token/google');
    if (!request.hosts.every((host) => OWN_HOSTS.test(host)))
      return refusal(421, 'usage', 'the Host header must be vault or localhost', 'http://vault/token/google');
    if (!URL.canParse(request.target, 'http://vault'))
      return refusal(400, 'usage', 'the path is not valid', 'http://vault/token/google');
    const { pathname, searchParams } = new URL(request.target, 'http://vault');
    const wanted = pathname === '/stop' ? 'POST' : 'GET';
    const name = /^\/token(?:\/(.*))?$/.exec(pathname);
    if (name === null && !['/status', '/stop'].includes(pathname))
      return refusal(404, 'usage', 'no such path', 'http://vault/token/google, http://vault/status');
    if (request.method !== wanted) {
      const refused = refusal(405, 'usage', `only ${wanted} is allowed here`);
      return { ...refused, headers: { ...refused.headers, allow: wanted } };
    }
    if (name !== null) {
      const { request: asked, format, user } = readTokenQuery(name[1] ?? '', searchParams, request.client);
      const valid = await token(asked);
      const { email, warning } = valid;
      const more = { ...(email !== null && { email }), ...(warning !== null && { warning }) };
      const answer =
        format === 'json'
          ? json(200, { ...tokenDocument(valid), ...more })
          : text(await formatToken(valid, format, user));
      return { ...answer, headers: { ...answer.headers, ...warningHeader(warning) } };
    }
    if (pathname === '/stop') deps.stop();
    return json(pathname === '/stop' ? 202 : 200, deps.status());
  }

  return async (request) => {
    try {
      return await route(request);
    } catch (failure) {
      const error = asVaultError(failure);
      return json(statusOf(error), { error: errorDocument(error) });
    }
  };
}

interface AskedToken {
  readonly request: TokenRequest;
  readonly format: TokenFormat;
  /** Null: the account's own mailbox. */
  readonly user: string | null;
}

/**
 * Reads `/token/google/alice@example.com?min_valid=30m&scope=a&scope=b&format=header`.
 *
 * @param name the part after `/token/`, still percent-encoded; empty means the only account there is
 * @param client the `token-vault-client` header; null when there is none, as from curl
 * @throws VaultError `usage`
 */
function readTokenQuery(name: string, query: URLSearchParams, client: string | null): AskedToken {
  refuseUnknown(query, ['min_valid', 'scope', 'format', 'email', 'user', 'refused', 'id_token']);
  const written = single(query, 'format') ?? 'raw';
  const format = TOKEN_FORMATS.find((each) => each === written);
  if (format === undefined) throw usage(`format takes one of: ${TOKEN_FORMATS.join(', ')}`);
  const user = single(query, 'user');
  if (user !== null) checkNamedMailbox(user, format, 'user');
  const minValid = single(query, 'min_valid');
  const email = isYes(query, 'email');
  const idToken = isYes(query, 'id_token');
  const refused = single(query, 'refused');
  if (refused !== null && !/^[0-9a-f]{64}$/.test(refused))
    throw usage('refused takes the SHA-256 of the refused token, in 64 lower-case hex digits');
  return {
    request: {
      selector: name === '' ? null : decoded(name),
      minValid: minValid === null ? MIN_VALID : parseDuration(minValid, 'min_valid'),
      // `vault token` shows warnings, curl does not.
      insist: minValid !== null && client === null,
      scopes: query.getAll('scope').flatMap(readScopes),
      refresh: false,
      ...(refused === null ? {} : { refused }),
      ...(idToken ? { idToken } : {}),
      withIdentity: (user === null && namesMailbox(format)) || email,
      ...(format === 'json' ? { anyType: true } : {}),
      client: readClient(client),
    },
    format,
    user,
  };
}

/**
 * Who asked, for the audit trail. It is marked there as the client's claim, because nothing proves it. Values
 * that do not look as our own client writes them are dropped.
 */
function readClient(client: string | null): ThroughAgent {
  if (client === null) return { through: 'agent' };
  const { pid, parent, terminal } = jsonObject(client) ?? {};
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
  // The error does not quote the parameter: it could be a token that was pasted into the wrong place.
  if (strange !== undefined) throw usage(`unknown parameter; allowed: ${known.join(', ')}`);
}

function single(query: URLSearchParams, key: string): string | null {
  const values = query.getAll(key);
  if (values.length > 1) throw usage(`${key} is given more than once`);
  if (values[0] === '') throw usage(`${key} is empty`);
  return values[0] ?? null;
}

function isYes(query: URLSearchParams, key: string): boolean {
  const value = single(query, key) ?? 'no';
  if (value !== 'yes' && value !== 'no') throw usage(`${key} takes one of: yes, no`);
  return value === 'yes';
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
    throw usage('the account name is not percent-encoded correctly');
  }
}

function usage(message: string): VaultError {
  return new VaultError('usage', message, {
    hint: 'for example: http://vault/token/google?min_valid=30m&format=header',
  });
}

/** So that `curl --fail` fails, and a program can tell a temporary failure from a permanent one. */
function statusOf({ code, exitCode }: VaultError): number {
  return BY_CODE[code] ?? BY_EXIT_CODE[exitCode] ?? 500;
}

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  account_not_found: 404,
  account_ambiguous: 409,
  scope_missing: 403,
};

const BY_EXIT_CODE: Readonly<Record<number, number>> = {
  [EXIT_CODES.login_needed]: 409,
  [EXIT_CODES.provider_unavailable]: 503,
  [EXIT_CODES.key_unavailable]: 503,
  [EXIT_CODES.busy]: 503,
  [EXIT_CODES.client_refused]: 502,
};

function refusal(status: number, code: ErrorCode, message: string, hint?: string): ServedAnswer {
  const error = new VaultError(code, message, { hint });
  return json(status, { error: errorDocument(error) });
}

function json(status: number, value: unknown): ServedAnswer {
  const body = `${harmlessJson(JSON.stringify(value))}\n`;
  return { status, headers: { 'content-type': 'application/json' }, body };
}

function text(value: string): ServedAnswer {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${value}\n` };
}

/** The warning of `vault token`, in ASCII as a header has to be (RFC 9110 §5.5). */
function warningHeader(warning: string | null): ServedAnswer['headers'] {
  return warning === null ? {} : { 'token-vault-warning': warning.replace(/[^\x20-\x7e]/g, '?') };
}
