import { EXIT_CODES, isKeyFailure, VaultError } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { type NotifyContext, notifyDue } from '../notify/notify.js';
import { type AskContext, askRunningAgent } from './ask-agent.js';
import type { TokenRequest } from './token-request.js';

/** Failures that the notify command reports. */
const OF_ACCOUNTS: readonly number[] = [
  EXIT_CODES.login_needed,
  EXIT_CODES.provider_unavailable,
  EXIT_CODES.client_refused,
];

/**
 * What happens after this process could not return a token: the notify command is run where it is due, and an agent is asked that
 * may have the key or the settings that this process lacks.
 *
 * @param first the agent's answer, if it was asked before
 * @throws the failure, or the agent's reason
 */
export async function tokenElsewhere(
  ctx: AskContext & NotifyContext,
  request: TokenRequest,
  failure: unknown,
  first: VaultError | 'not_asked' | null,
): Promise<ValidToken> {
  if (!(failure instanceof VaultError)) throw failure;
  if (OF_ACCOUNTS.includes(failure.exitCode)) await notifyDue(ctx);
  const lacksKey = isKeyFailure(failure);
  if (!lacksKey && failure.code !== 'client_not_configured') throw failure;
  const answer = first === 'not_asked' ? await askRunningAgent(ctx, request) : first;
  if (answer !== null && !(answer instanceof VaultError)) return answer;
  // The agent has opened the vault, so its reason says more.
  throw lacksKey ? (answer ?? failure) : failure;
}
