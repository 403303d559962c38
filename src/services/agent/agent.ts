import type { Audit } from '../../audit/events.js';
import { MINUTE, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { Lock, Locks } from '../../stores/locks.js';
import type { ServedAnswer, ServedRequest, SocketServer } from '../../system/agent/agent-server.js';
import type { Clock } from '../../system/contract.js';
import type { TokenRequest, ValidToken } from '../contract.js';
import type { AgentCheck, AgentEvent, AgentRequest, AgentStatus } from './agent-contract.js';
import { socketKeeper } from './agent-keeper.js';
import { newsFinder, statusDocument } from './agent-report.js';
import { isTroubled, pauseAfter, waitUntil } from './agent-rhythm.js';
import { agentRoutes } from './agent-routes.js';

/** The lock that makes an agent the only one of its vault. */
export const AGENT_LOCK = 'agent';
/** Somebody who only looks whether it is free may hold it for a moment. */
const LOCK_PATIENCE = SECOND;
/** How long an agent that is stopped waits for what is in flight. The process that has sent a request finishes it without the agent. */
const LONGEST_FINISH = MINUTE;

export interface AgentDeps {
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly pid: number;
  readonly listen: (answer: (request: ServedRequest) => Promise<ServedAnswer>) => Promise<SocketServer>;
  /** Looks at all accounts; begins nothing new once the signal is aborted. */
  readonly check: (stop: AbortSignal) => Promise<AgentCheck>;
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  /** Called after each check, for whoever tells the person what has come up. Does not reject. */
  readonly afterCheck: () => Promise<void>;
  /** How the agent is that holds the lock; null when it does not say. */
  readonly other: () => Promise<AgentStatus | null>;
  /** How many refreshes are under way. */
  readonly inFlight: () => number;
  /** Waits no longer for what is in flight. What was sent is finished by the process that sent it. */
  readonly abandon: () => void;
  readonly interruption: AbortSignal;
}

interface State {
  readonly startedAt: number;
  nextCheckAt: number | null;
  tokens: number;
  lastCheck: AgentCheck | null;
}

/**
 * Keeps the accounts of a vault fresh, and hands out tokens on its socket, until it is interrupted. Then it takes no more
 * requests, finishes what is in flight and leaves.
 *
 * @throws VaultError see {@link import('./agent-contract.js').AgentUseCases.runAgent}
 */
export async function runAgent(
  deps: AgentDeps,
  request: AgentRequest,
  tell: (event: AgentEvent) => void,
): Promise<void> {
  const lock = await takeLock(deps);
  try {
    await runAlone(deps, request, tell);
  } finally {
    await lock.release();
  }
}

async function runAlone(
  deps: AgentDeps,
  request: AgentRequest,
  tell: (event: AgentEvent) => void,
): Promise<void> {
  const { clock, pid } = deps;
  const asked = new AbortController();
  const stop = AbortSignal.any([deps.interruption, asked.signal]);
  const state: State = { startedAt: clock.now(), nextCheckAt: null, tokens: 0, lastCheck: null };
  const open: SocketServer = await deps.listen(
    agentRoutes({
      async token(wanted) {
        const valid = await deps.token(wanted);
        state.tokens += 1;
        return valid;
      },
      status: () => statusDocument({ ...state, pid, socket: open.path, request }),
      stop: () => asked.abort(new VaultError('terminated', 'the agent was asked to stop')),
    }),
  );
  deps.audit.record({ event: 'agent_started' });
  tell({ kind: 'started', socket: open.path, pid });
  const checking = checkAgainAndAgain(deps, request, stop, open, state, tell);
  try {
    await Promise.race([checking, aborted(stop)]);
  } finally {
    // Who asked it to stop is still being answered.
    const others = open.waiting - (asked.signal.aborted ? 1 : 0);
    tell({ kind: 'stopping', waiting: Math.max(others, deps.inFlight()) });
    await finish(deps, open, checking);
    deps.audit.record({ event: 'agent_stopped' });
    tell({ kind: 'stopped' });
  }
}

async function checkAgainAndAgain(
  deps: AgentDeps,
  { every }: AgentRequest,
  stop: AbortSignal,
  open: SocketServer,
  state: State,
  tell: (event: AgentEvent) => void,
): Promise<void> {
  const newsOf = newsFinder();
  const ensure = socketKeeper(open, tell);
  let troubled = 0;
  while (!stop.aborted) {
    state.nextCheckAt = null;
    const check = await deps.check(stop);
    troubled = isTroubled(check) ? troubled + 1 : 0;
    const nextCheckAt = deps.clock.now() + pauseAfter(troubled, every);
    state.lastCheck = check;
    state.nextCheckAt = nextCheckAt;
    tell({ kind: 'checked', check, nextCheckAt, news: newsOf(check) });
    if (stop.aborted) return;
    await deps.afterCheck();
    await waitUntil(deps.clock, nextCheckAt, stop).catch((reason: unknown) => {
      if (!stop.aborted) throw reason;
    });
    if (!stop.aborted) await ensure();
  }
}

async function takeLock(deps: AgentDeps): Promise<Lock> {
  try {
    return await deps.locks.acquire(AGENT_LOCK, LOCK_PATIENCE, deps.interruption);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
    const other = await deps.other();
    const who = other === null ? 'it does not answer' : `process ${other.pid}, since ${other.started_at}`;
    throw new VaultError('busy', `an agent runs for this vault already: ${who}`, {
      hint: 'vault agent status',
    });
  }
}

/** A client that does not take its answer, or a provider that takes its time, does not keep the agent for ever. */
async function finish(deps: AgentDeps, open: SocketServer, checking: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = deps.clock.sleep(LONGEST_FINISH, over.signal).then(
    () => {
      deps.abandon();
      open.cut();
    },
    () => undefined,
  );
  await Promise.allSettled([open.stop(), checking]);
  over.abort();
  await late;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
