import { MINUTE, SECOND } from '../../domain/duration.js';
import { VaultError, withMoreHints } from '../../domain/errors.js';
import type { Locks } from '../../stores/locks.js';
import type { AnswerFromSocket } from '../../system/agent/agent-client.js';
import { AGENT_LOCK } from './agent.js';
import type { AgentStatus } from './agent-contract.js';
import { type AskSocket, parse, readError } from './ask-agent.js';

/** Longer than an agent takes to finish what is in flight. */
const LONGEST_STOP = MINUTE + 20 * SECOND;
const LOOK_FOR_IT = "see which process it is: pgrep -af 'vault.* agent'";

export interface AgentTalkDeps {
  /** Whether the socket stands there, and is private. */
  readonly isThere: () => boolean;
  /** @throws VaultError `vault_permissions` where another user could answer in its place */
  readonly refuseUnsafe: () => void;
  readonly ask: AskSocket;
  readonly locks: Locks;
  readonly interruption: AbortSignal;
}

/**
 * How the agent of this vault is.
 *
 * @throws VaultError `agent_not_running`, `busy`, `vault_permissions`
 */
export async function agentStatus(deps: AgentTalkDeps): Promise<AgentStatus> {
  return statusOf(await askOrExplain(deps, 'GET', '/status'));
}

/**
 * Asks the agent to stop and waits until it has let go of the vault.
 *
 * @returns its process id
 * @throws VaultError `agent_not_running`, `busy`, `vault_permissions`
 */
export async function stopAgent(deps: AgentTalkDeps): Promise<number> {
  const { pid } = statusOf(await askOrExplain(deps, 'POST', '/stop'));
  const lock = await deps.locks
    .acquire(AGENT_LOCK, LONGEST_STOP, deps.interruption)
    .catch((failure: unknown) => {
      if (!(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
      throw new VaultError('busy', `the agent, process ${pid}, was asked to stop and did not`, {
        hint: `what it sent is finished all the same: kill -9 ${pid}`,
      });
    });
  await lock.release();
  return pid;
}

async function askOrExplain(
  deps: AgentTalkDeps,
  method: 'GET' | 'POST',
  target: string,
): Promise<AnswerFromSocket> {
  const isThere = deps.isThere();
  const answer = isThere ? await deps.ask(method, target) : null;
  if (answer !== null && answer !== 'timeout') return answer;
  const isFree = deps.locks.isFree(AGENT_LOCK);
  if (!isThere) {
    try {
      deps.refuseUnsafe();
    } catch (failure) {
      if (!(failure instanceof VaultError) || isFree) throw failure;
      throw withMoreHints(failure, [`an agent runs and tries again at its next check; ${LOOK_FOR_IT}`]);
    }
  }
  // A socket may be left over from an agent that was killed, or gone while one runs. Only the living hold the lock.
  if (isFree) {
    const start = method === 'GET' ? { hint: 'vault agent' } : {};
    throw new VaultError('agent_not_running', 'no agent runs for this vault', start);
  }
  const trouble = isThere
    ? 'and it does not answer'
    : 'and its socket is gone or not private; it makes a new one at its next check';
  throw new VaultError('busy', `an agent runs for this vault, ${trouble}`, { hint: LOOK_FOR_IT });
}

function statusOf({ status, body }: AnswerFromSocket): AgentStatus {
  const value = parse(body);
  if (status < 300 && value?.['running'] === true) return value as unknown as AgentStatus;
  throw (
    readError(value) ??
    new VaultError('busy', 'the answer of the agent cannot be read; it may be of another version', {
      hint: 'stop it and start it again: vault agent stop',
    })
  );
}
