import { VaultError } from '../../domain/errors.js';
import type { SocketServer } from '../../system/agent/agent-server.js';
import type { AgentEvent } from './agent-contract.js';

/**
 * Makes sure before each check that the socket is there. Without one the agent goes on: what it refreshes is as important as
 * what it hands out, and whoever takes its place in a shared folder shall not end it.
 */
export function socketKeeper(
  open: Pick<SocketServer, 'path' | 'ensureSocket'>,
  tell: (event: AgentEvent) => void,
): () => Promise<void> {
  let [path, code] = [open.path, null as string | null];
  return async () => {
    try {
      await open.ensureSocket();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      if (error.code !== code) tell({ kind: 'socket', socket: null, error });
      code = error.code;
      return;
    }
    if (code !== null || open.path !== path) tell({ kind: 'socket', socket: open.path, error: null });
    [path, code] = [open.path, null];
  };
}
