import type { ThroughAgent } from '../../audit/events.js';
import { SECOND } from '../../domain/duration.js';
import { ERROR_CODES, type ErrorCode, VaultError } from '../../domain/errors.js';
import { Secret } from '../../domain/secret.js';
import type { AnswerFromSocket } from '../../system/agent/agent-client.js';
import type { TokenRequest, ValidToken } from '../contract.js';
import { notBearer } from '../token/ensure-valid.js';

/** Sends one request over the agent's socket. */
export type AskSocket = (
  method: 'GET' | 'POST',
  target: string,
  client?: string,
) => Promise<AnswerFromSocket | 'timeout' | null>;

export interface AskAgentDeps {
  readonly ask: AskSocket;
  /** For the audit trail. */
  readonly caller: () => Omit<ThroughAgent, 'through'>;
  /** Receives the reason why the agent was of no use; for `--verbose`. */
  readonly detail: (line: string) => void;
}

/**
 * Asks a running agent for a token, by the same route as curl. The caller does the work itself whenever this fails.
 *
 * @returns the token; the agent's reason why there is none, for a caller without the key; null when the agent was of no use
 */
export async function askAgent(
  deps: AskAgentDeps,
  request: TokenRequest,
): Promise<ValidToken | VaultError | null> {
  const answer = await deps.ask('GET', tokenTarget(request), JSON.stringify(deps.caller()));
  if (answer === null || answer === 'timeout') {
    deps.detail('the agent does not answer');
    return answer === null
      ? null
      : new VaultError('busy', 'the agent does not answer', { hint: 'vault agent status' });
  }
  const value = parse(answer.body);
  const read = answer.status === 200 ? readToken(value, request) : readError(value);
  if (read === null) deps.detail('the answer of the agent cannot be read');
  if (read instanceof VaultError) deps.detail(`the agent has no token (${read.code})`);
  return read;
}

function tokenTarget({ selector, minValid, scopes, withIdentity }: TokenRequest): string {
  const query = new URLSearchParams({ format: 'json', min_valid: `${Math.ceil(minValid / SECOND)}s` });
  for (const scope of scopes) query.append('scope', scope);
  if (withIdentity) query.append('email', 'yes');
  return `/token/${encodeURIComponent(selector ?? '')}?${query}`;
}

type Document = Readonly<Record<string, unknown>>;

/** @returns null when it is no such document; the error where the token is not of the type that was asked for */
function readToken(value: Document | null, { anyType }: TokenRequest): ValidToken | VaultError | null {
  const { account, access_token, token_type, expires_at, scopes, email, warning } = value ?? {};
  const [, provider, label] = /^([^/]+)\/(.+)$/s.exec(String(account)) ?? [];
  if (provider === undefined || label === undefined) return null;
  if (typeof access_token !== 'string' || access_token === '' || typeof token_type !== 'string') return null;
  const end = typeof expires_at === 'string' ? Date.parse(expires_at) : null;
  const known = {
    provider,
    label,
    tokenType: token_type,
    expiresAt: Number.isNaN(end) ? null : end,
    grantedScopes: Array.isArray(scopes) ? scopes.map(String) : [],
  };
  const token = {
    account: known,
    accessToken: new Secret(access_token),
    email: typeof email === 'string' ? email : null,
    warning: typeof warning === 'string' ? warning : null,
  };
  return anyType === true ? token : (notBearer(known) ?? token);
}

/** @returns null when it is no such document */
export function readError(value: Document | null): VaultError | null {
  const { code, message, hint, details } = (value?.['error'] ?? {}) as Document;
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code) || typeof message !== 'string')
    return null;
  const known = typeof details === 'object' && details !== null ? { details: details as Document } : {};
  return new VaultError(code as ErrorCode, message, typeof hint === 'string' ? { hint, ...known } : known);
}

/** @returns null for anything but a JSON object */
export function parse(text: string): Document | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? (value as Document | null) : null;
  } catch {
    return null;
  }
}
