import {
  type ServedAnswer,
  type ServedRequest,
  type SocketServer,
  serveOnSocket,
} from '../system/agent/agent-server.js';
import { agentSocketPaths } from '../system/agent/agent-socket-path.js';
import type { Files, Host, Paths } from '../system/contract.js';
import { fileIdentity } from '../system/files/read-only.js';

/* What an agent needs of the machine, besides the context. */

interface AgentHostParts {
  readonly host: Pick<Host, 'platform' | 'uid' | 'env'>;
  readonly paths: Pick<Paths, 'data' | 'database'>;
  readonly files: Files;
}

/** @throws VaultError as serveOnSocket */
export function listenForAgent(
  { paths, host, files }: AgentHostParts,
  answer: (request: ServedRequest) => Promise<ServedAnswer>,
): Promise<SocketServer> {
  return serveOnSocket(() => agentSocketPaths(paths, host), files, answer);
}

/** Changes when another database file has taken the place of this one; null when there is none. */
export function databaseIdentity({ paths }: Pick<AgentHostParts, 'paths'>): string | null {
  return fileIdentity(paths.database);
}
