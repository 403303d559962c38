import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { type CliOptions, type CliProcess, type CliRun, startVault } from './cli.js';
import type { TempHome } from './temp-home.js';

/** An agent of a home, running. */
export interface RunningAgent {
  readonly process: CliProcess;
  readonly socket: string;
  /** Asks it with curl. @param target path and query */
  curl(target: string, args?: readonly string[]): Promise<CurlRun>;
  /** As a service manager stops it. */
  stop(): Promise<CliRun>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

export interface CurlRun {
  readonly exitCode: number;
  /** 0 when no answer came. */
  readonly status: number;
  readonly body: string;
}

/** A configuration whose key a program prints: then `vault token` asks an agent first. */
export function printedKey() {
  const key = randomBytes(32).toString('base64url');
  return { config: { keySource: { kind: 'command', command: ['echo', key] } } };
}

/** Where a home's agent listens. */
export function socketOf(home: TempHome): string {
  return join(home.vault, 'agent', 'agent.sock');
}

/** Starts the built command line's agent and waits until it listens. */
export async function startAgent(
  home: TempHome,
  args: readonly string[] = [],
  options: CliOptions = {},
): Promise<RunningAgent> {
  const started = startVault(['agent', ...args], home, options);
  // How it ends is looked at by who stops it.
  started.done.catch(() => undefined);
  await started.stderrLine(/listens on/);
  const { child } = started;
  const socket = socketOf(home);
  return {
    process: started,
    socket,
    curl: (target, more = []) => curl(socket, target, more),
    async stop() {
      child.kill('SIGTERM');
      return started.done;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

/** The real curl, as a shell script has it. */
export function curl(socket: string, target: string, args: readonly string[] = []): Promise<CurlRun> {
  const all = ['-s', '--unix-socket', socket, '-w', '\n%{http_code}', ...args, `http://vault${target}`];
  return new Promise((resolve) => {
    execFile('curl', all, { env: { PATH: process.env['PATH'] } }, (failure, stdout) => {
      const end = stdout.lastIndexOf('\n');
      const exitCode = failure === null ? 0 : Number(failure.code);
      resolve({ exitCode, status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) });
    });
  });
}
