import type { VaultAccess } from '../access/vault-access.js';
import { ERROR_CODES, VaultError } from '../domain/errors.js';
import type { AskSocket } from '../services/agent/agent-client.js';
import type {
  AgentEvent,
  AgentRequest,
  AgentStatus,
  AgentUseCases,
} from '../services/agent/agent-contract.js';
import type { TokenRequest, ValidToken } from '../services/contract.js';
import { type EnsureValidDeps, ensureValid } from '../services/token/ensure-valid.js';
import {
  agentSocketPlaces,
  isOwnSocket,
  refuseUnsafeSocket,
  secureSocketPlace,
} from '../system/agent/agent-socket.js';
import { callerProcessOf } from '../system/caller-process.js';
import type { Host } from '../system/contract.js';
import type { Refreshing, RefreshingParts } from './refreshing.js';

/*
 * How app.ts wires the agent, and `vault token` to a running one. Where none runs that costs one look at the file system;
 * everything else is loaded when first called.
 */

/** How long a command waits for the agent, in milliseconds: long enough for a refresh at most providers. */
const DEADLINE = 10_000;

export interface AgentParts
  extends Pick<RefreshingParts, 'envFile' | 'paths' | 'files' | 'locks' | 'clock' | 'audit'> {
  readonly host: Host;
  /** Refreshes that are waited for until this is aborted. */
  readonly refreshing: (interruption: AbortSignal) => Refreshing;
  readonly access: VaultAccess;
  readonly scopeAliases: EnsureValidDeps['scopeAliases'];
  /** Tells the person what has come up since the last check. */
  readonly notify: () => Promise<unknown>;
  /** Something to say with `--verbose` only. */
  readonly detail: (line: string) => void;
}

type GetToken = (request: TokenRequest) => Promise<ValidToken>;

export interface AgentWiring extends AgentUseCases {
  /** A token from the running agent where there is one, else by one's own work. */
  tokenBy(ordinary: GetToken): GetToken;
}

export function agentWith(parts: AgentParts): AgentWiring {
  const { host, paths, files, locks, clock, audit, access } = parts;
  const { interruption } = host;
  const { uid } = host;
  const places = () => agentSocketPlaces(paths, host);
  const ownSocket = () =>
    host.platform === 'win32' ? null : (places().find((path) => isOwnSocket(path, uid)) ?? null);
  const hasSocket = () => ownSocket() !== null;
  /** The one that is there, else where one would be made. */
  const socket = () => ownSocket() ?? places()[0] ?? '';

  const ask: AskSocket = async (method, target, client) => {
    const { askSocket } = await import('../system/agent/agent-client.js');
    const from = client === undefined ? {} : { client };
    return askSocket(socket(), { method, target, ...from, deadline: DEADLINE, signal: interruption });
  };

  async function askForToken(request: TokenRequest): Promise<ValidToken | VaultError | null> {
    const { askAgent } = await import('../services/agent/agent-client.js');
    const caller = () => ({ pid: host.pid, ...callerProcessOf(host.platform) });
    return askAgent({ ask, caller, detail: parts.detail }, request);
  }

  const assertPrivate = () => refuseUnsafeSocket(socket(), uid);
  const client = { isThere: hasSocket, assertPrivate, ask, locks, interruption };
  const loadClient = () => import('../services/agent/agent-client.js');

  async function statusOrNull(): Promise<AgentStatus | null> {
    const { agentStatus } = await loadClient();
    return agentStatus(client).catch(() => null);
  }

  async function run(request: AgentRequest, tell: (event: AgentEvent) => void): Promise<void> {
    const [{ runAgent }, { agentCheck }, { agentVault, sharedRefreshes }, ends] = await loadAgent();
    const giveUp = new AbortController();
    // An agent that is asked to stop still waits for what is in flight.
    const refreshing = parts.refreshing(giveUp.signal);
    const shared = sharedRefreshes(() => void refreshing.rest());
    const identity = () => ends.fileIdentity(paths.database);
    const vault = agentVault({ open: access.open, close: access.close, identity });
    const patiently = shared.by((present, account) => refreshing.one(present, account, 'short'));
    const limit = { clock, timeout: ends.NO_RETRIES.timeout };
    const briefly = shared.by((present, account) => refreshing.one(present, account, 'none'), limit);
    const token = (wanted: TokenRequest) =>
      vault.use(async (present) => {
        const valid = await ensureValid(
          {
            vault: async () => present,
            clock,
            scopeAliases: parts.scopeAliases,
            audit,
            refresh: (open, account, tokenAtHand) => (tokenAtHand ? briefly : patiently)(open, account),
          },
          wanted,
        );
        // An agent never closes its vault, which is when others do so.
        await present?.settleDue();
        return valid;
      });
    const check = agentCheck(
      { vault, clock, refresh: shared.by(refreshing.many(request.concurrency)) },
      request,
    );
    try {
      await runAgent(
        {
          locks,
          clock,
          audit,
          pid: host.pid,
          listen: (answer) => ends.serveOnSocket(places, files, answer),
          check,
          token,
          afterCheck: () => vault.use(async () => void (await parts.notify())).catch(unlessBug),
          other: statusOrNull,
          inFlight: () => shared.inFlight,
          abandon: () => giveUp.abort(new VaultError('terminated', 'the agent has waited long enough')),
          interruption,
        },
        request,
        tell,
      );
    } finally {
      await vault.close();
      await refreshing.close();
    }
  }

  return {
    tokenBy: (ordinary) => async (request) => {
      // Whoever names provider settings, or wants a new token whatever the clock says, means this very process.
      const alone = request.refresh || parts.envFile !== null || !hasSocket();
      const given = alone ? null : await askForToken(request);
      if (given !== null && !(given instanceof VaultError)) return given;
      try {
        return await ordinary(request);
      } catch (failure) {
        // Without the key this process cannot even look, and the agent has looked.
        if (given !== null && isAboutKey(failure)) throw given;
        throw failure;
      }
    },
    runAgent: run,
    agentSocket() {
      const path = socket();
      secureSocketPlace(path, uid, files);
      return path;
    },
    agentStatus: async () => (await loadClient()).agentStatus(client),
    stopAgent: async () => (await loadClient()).stopAgent(client),
  };
}

function loadAgent() {
  return Promise.all([
    import('../services/agent/agent.js'),
    import('../services/agent/agent-check.js'),
    import('../services/agent/agent-vault.js'),
    loadEnds(),
  ]);
}

async function loadEnds() {
  const [{ serveOnSocket }, { fileIdentity }, { NO_RETRIES }] = await Promise.all([
    import('../system/agent/agent-server.js'),
    import('../system/files/read-only.js'),
    import('../services/refresh/refresh-send.js'),
  ]);
  return { serveOnSocket, fileIdentity, NO_RETRIES };
}

/** What keeps the vault from being opened is told by the next check. */
function unlessBug(failure: unknown): void {
  if (!(failure instanceof VaultError)) throw failure;
}

function isAboutKey(failure: unknown): boolean {
  return failure instanceof VaultError && failure.exitCode === ERROR_CODES.key_unavailable;
}
