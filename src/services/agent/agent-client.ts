import { type AgentSocket, agentSocket } from '../../access/agent-socket.js';
import type { Context } from '../../context.js';
import { MINUTE, SECOND } from '../../domain/duration.js';
import { withMoreHints } from '../../domain/error-forms.js';
import { type ErrorCode, EXIT_CODES, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { jsonObject } from '../../domain/json.js';
import { Secret } from '../../domain/secret.js';
import { isBearer } from '../../domain/token-state.js';

import type { ValidToken } from '../../domain/valid-token.js';
import type { AnswerFromSocket } from '../../system/agent/agent-request.js';

import { notBearer } from '../token/renew.js';
import type { TokenRequest } from '../token/token-request.js';
import type { AgentStatus } from './agent-report.js';
import { AGENT_LOCK } from './agent-report.js';

/**
 * Asks a running agent for a token, by the same route as curl. The caller does the work itself whenever this fails.
 *
 * @returns the token; the agent's reason why there is none, for a caller without the key; null when the agent gave no usable
 * answer
 */
export async function askAgent(
  ctx: Pick<Context, 'detail'>,
  socket: Pick<AgentSocket, 'ask'>,
  request: TokenRequest,
): Promise<ValidToken | VaultError | null> {
  const answer = await socket.ask('GET', tokenTarget(request));
  if (answer === null || answer === 'timeout') {
    ctx.detail('the agent does not answer');
    return answer === null
      ? null
      : new VaultError('busy', 'the agent does not answer', { hint: command('agent status') });
  }
  const value = jsonObject(answer.body);
  const read = answer.status === 200 ? readToken(value, request) : readError(value);
  if (read === null) ctx.detail('the answer of the agent cannot be read');
  if (read instanceof VaultError) ctx.detail(`the agent has no token (${read.code})`);
  return read;
}

function tokenTarget({ selector, minValid, scopes, withIdentity, refused, idToken }: TokenRequest): string {
  const query = new URLSearchParams({ format: 'json', min_valid: `${Math.ceil(minValid / SECOND)}s` });
  for (const scope of scopes) query.append('scope', scope);
  if (withIdentity) query.append('email', 'yes');
  if (refused !== undefined) query.append('refused', refused);
  if (idToken === true) query.append('id_token', 'yes');
  return `/token/${encodeURIComponent(selector ?? '')}?${query}`;
}

type Document = Readonly<Record<string, unknown>>;

/** @returns null when it is not a token document; the error when the token is not of the type that was asked for */
function readToken(
  value: Document | null,
  { anyType, idToken }: TokenRequest,
): ValidToken | VaultError | null {
  const { account, token_type, expires_at, scopes, email, warning } = value ?? {};
  const token = value?.[idToken === true ? 'id_token' : 'access_token'];
  const [, provider, label] = /^([^/]+)\/(.+)$/s.exec(String(account)) ?? [];
  if (provider === undefined || label === undefined) return null;
  if (typeof token !== 'string' || token === '' || typeof token_type !== 'string') return null;
  const end = typeof expires_at === 'string' ? Date.parse(expires_at) : null;
  const known = {
    provider,
    label,
    tokenType: token_type,
    expiresAt: Number.isNaN(end) ? null : end,
    grantedScopes: Array.isArray(scopes) ? scopes.map(String) : [],
  };
  const read = {
    account: known,
    accessToken: new Secret(token),
    ...(idToken === true && { isIdToken: true as const }),
    email: typeof email === 'string' ? email : null,
    warning: typeof warning === 'string' ? warning : null,
  };
  return anyType === true || isBearer(known) ? read : notBearer(known);
}

/** @returns null when it is not an error document */
function readError(value: Document | null): VaultError | null {
  const { code, message, hint, details } = (value?.['error'] ?? {}) as Document;
  if (typeof code !== 'string' || !Object.hasOwn(EXIT_CODES, code) || typeof message !== 'string')
    return null;
  const known = typeof details === 'object' && details !== null ? { details: details as Document } : {};
  return new VaultError(code as ErrorCode, message, typeof hint === 'string' ? { hint, ...known } : known);
}

/** Longer than an agent takes to finish what is in flight. */
const STOP_TIMEOUT = MINUTE + 20 * SECOND;
const FIND_PROCESS = "find the process: pgrep -af 'vault.* agent'";

export type AgentClientContext = Pick<Context, 'host' | 'paths' | 'files' | 'locks' | 'interruption'>;

/** @throws VaultError `agent_not_running`, `busy`, `vault_permissions` */
export async function agentStatus(
  ctx: AgentClientContext,
  socket: AgentSocket = agentSocket(ctx),
): Promise<AgentStatus> {
  return statusOf(await askOrExplain(ctx, socket, 'GET', '/status'));
}

/**
 * Asks the agent to stop and waits until it has released its lock.
 *
 * @returns its process id
 * @throws VaultError `agent_not_running`, `busy`, `vault_permissions`
 */
export async function stopAgent(
  ctx: AgentClientContext,
  socket: AgentSocket = agentSocket(ctx),
): Promise<number> {
  const { pid } = statusOf(await askOrExplain(ctx, socket, 'POST', '/stop'));
  const lock = await ctx.locks
    .acquire(AGENT_LOCK, STOP_TIMEOUT, ctx.interruption)
    .catch((failure: unknown) => {
      if (!(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
      throw new VaultError('busy', `the agent (process ${pid}) does not stop`, {
        hint: `kill it: kill -9 ${pid}; the refreshes it has begun finish without it`,
      });
    });
  await lock.release();
  return pid;
}

async function askOrExplain(
  { locks }: AgentClientContext,
  socket: AgentSocket,
  method: 'GET' | 'POST',
  target: string,
): Promise<AnswerFromSocket> {
  const isThere = socket.exists();
  const answer = isThere ? await socket.ask(method, target) : null;
  if (answer !== null && answer !== 'timeout') return answer;
  const isFree = await locks.isFree(AGENT_LOCK);
  if (!isThere) {
    try {
      socket.assertPrivate();
    } catch (failure) {
      if (!(failure instanceof VaultError) || isFree) throw failure;
      throw withMoreHints(failure, [`an agent runs and tries again at its next check; ${FIND_PROCESS}`]);
    }
  }
  // The socket of a killed agent stays, and that of a running one may be gone. A running agent holds the lock.
  if (isFree) {
    const start = method === 'GET' ? { hint: command('agent') } : {};
    throw new VaultError('agent_not_running', 'no agent is running for this vault', start);
  }
  const trouble = isThere ? 'does not answer' : 'has no private socket; it makes a new one at its next check';
  throw new VaultError('busy', `the agent of this vault ${trouble}`, { hint: FIND_PROCESS });
}

function statusOf({ status, body }: AnswerFromSocket): AgentStatus {
  const value = jsonObject(body);
  if (status < 300 && value?.['running'] === true) return value as unknown as AgentStatus;
  throw (
    readError(value) ??
    new VaultError('busy', 'the answer of the agent cannot be read; the agent may be of another version', {
      hint: `stop it and start it again: ${command('agent stop')}`,
    })
  );
}
