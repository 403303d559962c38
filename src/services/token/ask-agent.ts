import { type AgentSocketParts, agentSocket } from '../../access/agent-socket.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import type { VaultError } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { type NameContext, selectAccount } from '../select-account.js';
import type { TokenRequest } from './token-request.js';

export type AskContext = NameContext & AgentSocketParts & Pick<Context, 'detail' | 'envFile' | 'vault'>;

/** @returns null when no agent was asked, or it gave no usable answer; the agent's reason why there is no token */
export async function askRunningAgent(
  ctx: AskContext,
  request: TokenRequest,
): Promise<ValidToken | VaultError | null> {
  // The agent supports neither --refresh nor --settings.
  if (request.refresh || ctx.envFile !== null) return null;
  const socket = agentSocket(ctx);
  if (!socket.exists()) return null;
  const { askAgent } = await import('../agent/agent-client.js');
  // The agent does not know this environment.
  const names = ctx.wantedAccount !== null && request.selector?.includes('/') !== true;
  const selector = names
    ? accountName(await selectAccount(ctx, await ctx.vault(), request.selector, request.verb ?? 'token'))
    : request.selector;
  return askAgent(ctx, socket, { ...request, selector });
}
