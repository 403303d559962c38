import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { gathered } from '../../domain/waiting.js';
import type { Relaunch } from '../contract.js';

/** A refresher process, seen from the command that started it. */
export interface RefresherProcess {
  /** Before the first one it does not keep this process running. */
  order(line: string): void;
  /** Its output, until it ends or is detached. */
  readonly lines: AsyncIterable<string>;
  /** Sends no more orders: the process ends when it has reported on all it has. */
  finish(): void;
  /** Lets it finish what is in flight by itself. */
  detach(): void;
}

/**
 * Starts this program again in a session of its own: signals to the terminal's process group, a `timeout`, or the end of
 * the command that started it do not reach it. Its arguments and environment hold no secret.
 */
export function startRefresherProcess(
  [program, ...script]: Relaunch,
  argument: string,
  env: Readonly<Record<string, string | undefined>>,
): RefresherProcess {
  const child = spawn(program, [...script, argument], {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // If the process does not start, its output ends at once, and the caller reports that.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const send = gathered((lines) => void child.stdin.write(lines));
  // The pipes would keep this process running as well.
  const handles = [child, child.stdin as Socket, child.stdout as Socket];
  for (const handle of handles) handle.unref();
  return {
    order(line) {
      for (const handle of handles) handle.ref();
      send(line);
    },
    lines,
    finish: () => void child.stdin.end(),
    detach() {
      child.stdin.destroy();
      lines.close();
      child.stdout.destroy();
      child.unref();
    },
  };
}
