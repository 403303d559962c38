import { VaultError } from '../../domain/errors.js';
import type { AgentEvent } from './agent-contract.js';

/** The open socket, as far as the agent has to know. */
export interface OpenSocket {
  /** Requests being answered. */
  readonly waiting: number;
  /** Where it is, or was last. */
  readonly path: string;
  /** Makes it anew when it was cleared away or opened to others. @throws VaultError; the next call tries again */
  ensureSocket(): Promise<void>;
  /** Takes no more requests; resolves when those under way are answered. */
  stop(): Promise<void>;
  /** Ends those under way as well. */
  cut(): void;
}

/**
 * Makes sure before each check that the socket is there. Without one the agent goes on: what it refreshes is as important as
 * what it hands out, and whoever takes its place in a shared folder shall not end it.
 */
export function socketKeeper(
  open: Pick<OpenSocket, 'path' | 'ensureSocket'>,
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
