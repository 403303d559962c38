import { asVaultError, ERROR_CODES, type ErrorCode, errorDocument, VaultError } from '../../domain/errors.js';
import { harmlessJson } from '../../domain/safe-text.js';
import type { ServedAnswer, ServedRequest } from '../../system/agent/agent-server.js';
import type { TokenRequest, ValidToken } from '../contract.js';
import { formatToken, tokenDocument } from '../token/token-formats.js';
import type { AgentStatus } from './agent-contract.js';
import { readTokenQuery } from './agent-request.js';

/*
 * What the agent answers on its socket:
 *
 *   GET  /token/ACCOUNT   a valid access token as text, or as `format` says
 *   GET  /status          how the agent is
 *   POST /stop            ends it
 */

export interface RouteDeps {
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  readonly status: () => AgentStatus;
  readonly stop: () => void;
}

/** Refreshes may take a while, and nobody has a reason to wait for more of them at once. */
const MOST_WAITING = 128;

/** A browser that was led here through a forwarded port names that port's host. In any case: RFC 9110 §4.2.3. */
const OWN_HOSTS = /^(?:vault|localhost)(?::\d+)?$/i;

/** @returns one that never rejects */
export function agentRoutes(deps: RouteDeps): (request: ServedRequest) => Promise<ServedAnswer> {
  let waiting = 0;

  async function token(request: TokenRequest): Promise<ValidToken> {
    if (waiting >= MOST_WAITING) {
      throw new VaultError('busy', `${waiting} requests wait for a token already`, {
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
    // Two could be read differently by what forwards a port to the socket (RFC 9112 §3.2).
    if (request.hosts.length !== 1)
      return refusal(400, 'usage', 'a request has exactly one Host header', 'http://vault/token/google');
    if (!request.hosts.every((host) => OWN_HOSTS.test(host)))
      return refusal(421, 'usage', 'this is not the host that was asked for', 'http://vault/token/google');
    const { pathname, searchParams } = new URL(request.target, 'http://vault');
    const wanted = pathname === '/stop' ? 'POST' : 'GET';
    const name = /^\/token(?:\/(.*))?$/.exec(pathname);
    if (name === null && !['/status', '/stop'].includes(pathname))
      return refusal(404, 'usage', 'there is nothing here', 'http://vault/token/google, http://vault/status');
    if (request.method !== wanted) {
      const refused = refusal(405, 'usage', `only ${wanted} is answered here`);
      return { ...refused, headers: { ...refused.headers, allow: wanted } };
    }
    if (name !== null) {
      const { request: asked, format } = readTokenQuery(name[1] ?? '', searchParams, request.client);
      const valid = await token(asked);
      const { email, warning } = valid;
      const more = { ...(email !== null && { email }), ...(warning !== null && { warning }) };
      const answer =
        format === 'json'
          ? json(200, { ...tokenDocument(valid), ...more })
          : text(await formatToken(valid, format));
      return { ...answer, headers: { ...answer.headers, ...warningHeader(warning) } };
    }
    if (pathname === '/stop') deps.stop();
    return json(pathname === '/stop' ? 202 : 200, deps.status());
  }

  return async (request) => {
    try {
      return await route(request);
    } catch (failure) {
      const error = failure instanceof TypeError && isUrlError(failure) ? badTarget() : asVaultError(failure);
      return json(statusOf(error), { error: errorDocument(error) });
    }
  };
}

/** HTTP's word for a failure, so that `curl --fail` fails and a program can tell what may pass from what will not. */
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
  [ERROR_CODES.login_needed]: 409,
  [ERROR_CODES.provider_unavailable]: 503,
  [ERROR_CODES.key_unavailable]: 503,
  [ERROR_CODES.busy]: 503,
  [ERROR_CODES.client_refused]: 502,
};

function refusal(status: number, code: ErrorCode, message: string, hint?: string): ServedAnswer {
  const error = new VaultError(code, message, hint === undefined ? {} : { hint });
  return json(status, { error: errorDocument(error) });
}

function json(status: number, value: unknown): ServedAnswer {
  const body = `${harmlessJson(JSON.stringify(value))}\n`;
  return { status, headers: { 'content-type': 'application/json' }, body };
}

function text(value: string): ServedAnswer {
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${value}\n` };
}

/** What `vault token` says on stderr. A header takes ASCII alone (RFC 9110 §5.5). */
function warningHeader(warning: string | null): ServedAnswer['headers'] {
  return warning === null ? {} : { 'token-vault-warning': warning.replace(/[^\x20-\x7e]/g, '?') };
}

function isUrlError(failure: TypeError): boolean {
  return 'code' in failure && failure.code === 'ERR_INVALID_URL';
}

function badTarget(): VaultError {
  return new VaultError('usage', 'the path makes no sense', { hint: 'http://vault/token/google' });
}
