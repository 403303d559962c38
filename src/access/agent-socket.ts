import type { AnswerFromSocket } from '../system/agent/agent-request.js';
import {
  agentSocketPaths,
  assertPrivateSocket,
  claimSocketPath,
  isOwnSocket,
} from '../system/agent/agent-socket-path.js';
import type { Files, Host, Paths } from '../system/contract.js';

/** How long a command waits for the agent, in milliseconds: long enough for a refresh at most providers. */
const DEADLINE = 10_000;

/** The socket of this vault's agent, seen by its clients. */
export interface AgentSocket {
  /** Whether there is one that no other user can have made. */
  exists(): boolean;
  /** Where it is or would be. @throws VaultError `vault_permissions` when another user could answer there */
  path(): string;
  /** @throws VaultError `vault_permissions` when another user could answer there */
  assertPrivate(): void;
  /** @returns null when nothing answers; `timeout` when no answer came in time @throws the interruption's reason */
  ask(method: 'GET' | 'POST', target: string): Promise<AnswerFromSocket | 'timeout' | null>;
}

export interface AgentSocketParts {
  readonly host: Pick<Host, 'platform' | 'uid' | 'env' | 'pid'>;
  readonly paths: Pick<Paths, 'data'>;
  readonly files: Files;
  readonly interruption: AbortSignal;
}

export function agentSocket({ host, paths, files, interruption }: AgentSocketParts): AgentSocket {
  const { uid } = host;
  const places = () => agentSocketPaths(paths, host);
  const found = () =>
    host.platform === 'win32' ? null : (places().find((path) => isOwnSocket(path, uid)) ?? null);
  const path = () => found() ?? places()[0] ?? '';

  return {
    exists: () => found() !== null,
    path() {
      const own = path();
      claimSocketPath(own, uid, files);
      return own;
    },
    assertPrivate: () => assertPrivateSocket(path(), uid),
    async ask(method, target) {
      const [{ askSocket }, { callerProcessOf }] = await Promise.all([
        import('../system/agent/agent-request.js'),
        import('../system/caller-process.js'),
      ]);
      const client = JSON.stringify({ pid: host.pid, ...callerProcessOf(host.platform) });
      return askSocket(path(), { method, target, client, deadline: DEADLINE, signal: interruption });
    },
  };
}
