import { databaseIdentity, listenForAgent } from '../../access/agent-host.js';
import { askRefresher } from '../../access/refresher-client.js';
import type { Context } from '../../context.js';
import type { Account } from '../../domain/account.js';
import type { Audit } from '../../domain/audit-events.js';
import { MINUTE, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { Lock, Locks } from '../../stores/locks.js';
import type { ServedAnswer, ServedRequest, SocketServer } from '../../system/agent/agent-server.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { tokenFileKeeper } from '../connect/token-files.js';
import { type NotifyContext, notifyDue } from '../notify/notify.js';
import { RETRY_POLICIES } from '../refresh/refresh-send.js';
import { requestRefresh } from '../refresh/request-refresh.js';
import type { NameContext } from '../select-account.js';
import { type EnsureValidContext, ensureValid } from '../token/token.js';
import type { TokenRequest } from '../token/token-request.js';
import { type AgentClientContext, agentStatus } from './agent-client.js';
import {
  AGENT_LOCK,
  type AgentCheck,
  type AgentEvent,
  type AgentRequest,
  type AgentStatus,
  newsFinder,
  statusDocument,
} from './agent-report.js';
import { agentRoutes } from './agent-routes.js';
import { agentVault } from './agent-vault.js';
import { agentCheck } from './regular-check.js';
import { sharedRefreshes } from './shared-refreshes.js';

/** `vault agent status` may hold the lock for a moment. */
const LOCK_TIMEOUT = SECOND;
/** How long an agent that is stopped waits for what is in flight. The refresher process finishes it without the agent. */
const SHUTDOWN_TIMEOUT = MINUTE;
/** The first pause after a check in which something failed temporarily; each further one is twice as long. */
const FIRST_RETRY = 30 * SECOND;
/** Timers stop while the machine sleeps. Reading the clock this often notices that time has passed. */
const STEP = 15 * SECOND;

/** The parts of a running agent. */
export interface AgentParts {
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly pid: number;
  readonly listen: (answer: (request: ServedRequest) => Promise<ServedAnswer>) => Promise<SocketServer>;
  /** Checks all accounts; begins nothing new once the signal is aborted. */
  readonly check: (stop: AbortSignal) => Promise<AgentCheck>;
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  /** Runs the notify command where there is news, and writes token files. Does not reject. */
  readonly afterCheck: () => Promise<void>;
  /** The status of the agent that holds the lock; null when it does not answer. */
  readonly other: () => Promise<AgentStatus | null>;
  readonly inFlight: () => number;
  /** Stops waiting for what is in flight; the refresher process finishes it. */
  readonly abandon: () => void;
  readonly interruption: AbortSignal;
}

export type AgentContext = AgentClientContext &
  NameContext &
  NotifyContext &
  Pick<
    Context,
    | 'access'
    | 'audit'
    | 'clock'
    | 'envFile'
    | 'files'
    | 'firstTime'
    | 'host'
    | 'paths'
    | 'profile'
    | 'providerOrNull'
    | 'vault'
  >;

interface State {
  readonly startedAt: number;
  nextCheckAt: number | null;
  tokens: number;
  lastCheck: AgentCheck | null;
}

/**
 * Keeps the accounts of a vault fresh, and returns tokens on its socket, until it is interrupted. Then it takes no more
 * requests and finishes what is in flight.
 *
 * @throws VaultError `busy` when an agent runs for this vault already, `config_invalid` when no socket can be made
 */
export async function runAgent(
  ctx: AgentContext,
  request: AgentRequest,
  emit: (event: AgentEvent) => void,
): Promise<void> {
  const { clock, locks, audit, interruption } = ctx;
  const giveUp = new AbortController();
  // An agent that is asked to stop still waits for what is in flight.
  const patient = { ...ctx, interruption: giveUp.signal };
  const refresher = askRefresher(
    { ...patient, notice: () => undefined, key: ctx.access.handOver },
    { concurrency: request.concurrency },
  );
  const shared = sharedRefreshes(() => refresher.release());
  const vault = agentVault({
    open: ctx.vault,
    close: ctx.access.close,
    identity: () => databaseIdentity(ctx),
  });
  const by = (policy: 'none' | 'short') => (open: Vault, account: Account) =>
    requestRefresh(patient, refresher, open, account, policy);
  const withShort = shared.by(by('short'));
  const withNone = shared.by(by('none'), { clock, timeout: RETRY_POLICIES.none.timeout });
  const { timeout } = RETRY_POLICIES.long;
  const inBulk = shared.by((open, account) =>
    refresher.refresh(open, account, { policy: 'long', evenIfOpen: false, timeout }),
  );

  async function token(wanted: TokenRequest): Promise<ValidToken> {
    return vault.use(async (open) => {
      const refresh: EnsureValidContext['refresh'] = (one, account, fallback) =>
        (fallback ? withNone : withShort)(one, account);
      const valid = await ensureValid(
        { ...ctx, wantedAccount: null, vault: async () => open, refresh },
        wanted,
      );
      // Other processes do this when they close the vault, which an agent never does.
      await open?.settleDue();
      return valid;
    });
  }

  const keepTokenFiles = tokenFileKeeper(ctx, vault.use, token);

  try {
    await runAgentOf(
      {
        ...{ clock, locks, audit, interruption, token },
        pid: ctx.host.pid,
        listen: (answer) => listenForAgent(ctx, answer),
        check: agentCheck({ ...ctx, vault, refresh: inBulk }, request),
        async afterCheck() {
          await vault.use(() => notifyDue(ctx)).catch(unlessBug);
          await keepTokenFiles().catch(unlessBug);
        },
        other: () => agentStatus(ctx).catch(() => null),
        inFlight: () => shared.inFlight,
        abandon: () => giveUp.abort(new VaultError('terminated', 'the agent has waited long enough')),
      },
      request,
      emit,
    );
  } finally {
    await vault.close();
    await refresher.close();
  }
}

/** The next check reports what keeps the vault from being opened. */
function unlessBug(failure: unknown): void {
  if (!(failure instanceof VaultError)) throw failure;
}

/** {@link runAgent} with its parts. */
export async function runAgentOf(
  deps: AgentParts,
  request: AgentRequest,
  emit: (event: AgentEvent) => void,
): Promise<void> {
  const lock = await takeLock(deps);
  try {
    await runAlone(deps, request, emit);
  } finally {
    await lock.release();
  }
}

async function runAlone(
  deps: AgentParts,
  request: AgentRequest,
  emit: (event: AgentEvent) => void,
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
  emit({ kind: 'started', socket: open.path, pid });
  const checking = checkRegularly(deps, request, stop, open, state, emit);
  try {
    await Promise.race([checking, aborted(stop)]);
  } finally {
    // The request to stop is still being answered.
    const others = open.waiting - (asked.signal.aborted ? 1 : 0);
    emit({ kind: 'stopping', waiting: Math.max(others, deps.inFlight()) });
    await finish(deps, open, checking);
    deps.audit.record({ event: 'agent_stopped' });
    emit({ kind: 'stopped' });
  }
}

async function checkRegularly(
  deps: AgentParts,
  { every }: AgentRequest,
  stop: AbortSignal,
  open: SocketServer,
  state: State,
  emit: (event: AgentEvent) => void,
): Promise<void> {
  const newsOf = newsFinder();
  const ensure = socketKeeper(open, emit);
  let troubled = 0;
  while (!stop.aborted) {
    state.nextCheckAt = null;
    const check = await deps.check(stop);
    troubled = isTroubled(check) ? troubled + 1 : 0;
    const nextCheckAt = deps.clock.now() + pauseAfter(troubled, every);
    state.lastCheck = check;
    state.nextCheckAt = nextCheckAt;
    emit({ kind: 'checked', check, nextCheckAt, news: newsOf(check) });
    if (stop.aborted) return;
    await deps.afterCheck();
    await waitUntil(deps.clock, nextCheckAt, stop).catch((reason: unknown) => {
      if (!stop.aborted) throw reason;
    });
    if (!stop.aborted) await ensure();
  }
}

async function takeLock(deps: AgentParts): Promise<Lock> {
  try {
    return await deps.locks.acquire(AGENT_LOCK, LOCK_TIMEOUT, deps.interruption);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
    const other = await deps.other();
    const who = other === null ? 'it does not answer' : `process ${other.pid}, since ${other.started_at}`;
    throw new VaultError('busy', `an agent is already running for this vault: ${who}`, {
      hint: command('agent status'),
    });
  }
}

/** A client that does not read its answer, or a slow provider, does not keep the agent running for ever. */
async function finish(deps: AgentParts, open: SocketServer, checking: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = deps.clock.sleep(SHUTDOWN_TIMEOUT, over.signal).then(
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

/**
 * Before each check, makes the socket again if it is gone. Without a socket the agent goes on refreshing, and reports it once.
 */
export function socketKeeper(
  open: Pick<SocketServer, 'path' | 'ensureSocket'>,
  emit: (event: AgentEvent) => void,
): () => Promise<void> {
  let [path, code] = [open.path, null as string | null];
  return async () => {
    try {
      await open.ensureSocket();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      if (error.code !== code) emit({ kind: 'socket', socket: null, error });
      code = error.code;
      return;
    }
    if (code !== null || open.path !== path) emit({ kind: 'socket', socket: open.path, error: null });
    [path, code] = [open.path, null];
  };
}

/**
 * How long to wait after a check, in milliseconds: shorter after a temporary failure, growing with each one in a row. Jitter
 * of a tenth keeps the agents of many machines apart.
 *
 * @param troubled how many checks in a row had a temporary failure, this one included
 */
export function pauseAfter(troubled: number, every: number): number {
  const pause = troubled === 0 ? every : Math.min(every, FIRST_RETRY * 2 ** (troubled - 1));
  return Math.round(pause * (0.9 + Math.random() / 5));
}

/** Whether something failed that may soon be over: no network yet after waking up, a keychain still locked. */
export function isTroubled({ results, error }: AgentCheck): boolean {
  return error !== null || results.some(({ outcome }) => outcome === 'transient' || outcome === 'busy');
}

/**
 * Waits until a time on the wall clock. Returns at once when the machine was suspended beyond it, or its clock was set back.
 *
 * @throws the signal's reason
 */
export async function waitUntil(clock: Clock, moment: number, signal: AbortSignal): Promise<void> {
  let seen = clock.now();
  while (seen < moment) {
    await clock.sleep(Math.min(STEP, moment - seen), signal);
    const now = clock.now();
    if (now < seen) return;
    seen = now;
  }
}
