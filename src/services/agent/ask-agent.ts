import type { ThroughAgent } from '../../audit/events.js';
import { ERROR_CODES, type ErrorCode, VaultError } from '../../domain/errors.js';
import { Secret } from '../../domain/secret.js';
import { VERSION } from '../../version.js';
import type { TokenRequest, ValidToken } from '../contract.js';
import { validTarget } from './agent-request.js';

/** Says which version of this program answers: one of another time may mean something else by the same words. */
export const VERSION_HEADER = 'token-vault';

export interface AnswerFromSocket {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface AskAgentDeps {
  /** Sends one request over the agent's socket. Null when no sound answer came. */
  readonly ask: (method: 'GET' | 'POST', target: string) => Promise<AnswerFromSocket | null>;
  /** Who asks, for the trail. */
  readonly asker: () => Omit<ThroughAgent, 'through'>;
  /** Told, for people who look for it, why the agent was of no use. */
  readonly detail: (line: string) => void;
}

/**
 * Asks a running agent for a token. An agent can only help: whatever else comes of it, the caller does the work itself.
 *
 * @returns the token; the agent's own reason why there is none, which may be worth telling where the caller cannot even
 * look; null when the agent was of no use
 */
export async function askAgent(
  deps: AskAgentDeps,
  request: TokenRequest,
): Promise<ValidToken | VaultError | null> {
  const answer = await deps.ask('GET', validTarget(request, deps.asker()));
  if (answer === null) {
    deps.detail('the agent does not answer');
    return null;
  }
  if (answer.headers[VERSION_HEADER] !== VERSION) {
    deps.detail('the agent is of another version of this program; restart it');
    return null;
  }
  const value = parse(answer.body);
  const read = answer.status === 200 ? readValid(value) : readError(value);
  if (read === null) deps.detail('the answer of the agent makes no sense');
  if (read instanceof VaultError) deps.detail(`the agent has no token (${read.code})`);
  return read;
}

/** @returns null when it is no such document */
export function readError(value: Document | null): VaultError | null {
  const { code, message, hint, details } = (value?.['error'] ?? {}) as Document;
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code) || typeof message !== 'string')
    return null;
  const known = typeof details === 'object' && details !== null ? { details: details as Document } : {};
  return new VaultError(code as ErrorCode, message, typeof hint === 'string' ? { hint, ...known } : known);
}

type Document = Readonly<Record<string, unknown>>;

/** The version is the same, so its members are what this program writes. */
function readValid(value: Document | null): ValidToken | null {
  const { account, accessToken, identity, warning } = value ?? {};
  if (typeof accessToken !== 'string' || accessToken === '') return null;
  if (typeof account !== 'object' || account === null) return null;
  return {
    account: account as ValidToken['account'],
    accessToken: new Secret(accessToken),
    identity: (identity ?? null) as ValidToken['identity'],
    warning: typeof warning === 'string' ? warning : null,
  };
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
