import { VaultError } from '../domain/errors.js';
import type { ServedAnswer } from '../system/agent/agent-server.js';
import type { Host } from '../system/contract.js';
import {
  type LoopbackRequest,
  type LoopbackServer,
  serveDescendants,
} from '../system/http/descendant-server.js';
import { type ForegroundEnd, runInForeground } from '../system/processes/foreground.js';

/** A program that takes the place of this one, and what it may ask meanwhile. */
export interface Foreground {
  /** Runs a program to its end, with our terminal and the signals meant for it. @throws VaultError */
  runInForeground(program: string, args: readonly string[], env: Host['env']): Promise<ForegroundEnd>;
  /** Answers HTTP of the programs that this process runs. @throws VaultError `port_unavailable` */
  serveDescendants(answer: (request: LoopbackRequest) => Promise<ServedAnswer>): Promise<LoopbackServer>;
}

/** @param onRunning told whether a program runs, to which the terminal belongs */
export function foregroundOf(host: Host, onRunning: (running: boolean) => void): Foreground {
  return {
    async runInForeground(program, args, env) {
      if (host.takeSignals === null) throw new VaultError('usage', 'exec works only on the command line');
      onRunning(true);
      try {
        return await runInForeground(program, args, env, host.takeSignals);
      } finally {
        onRunning(false);
      }
    },
    serveDescendants: (answer) => serveDescendants(host, answer),
  };
}
