import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CliRun, VAULT_JS } from '../../test/harness/cli.js';
import type { TempHome } from '../../test/harness/temp-home.js';

const MANY = fileURLToPath(new URL('./many.mjs', import.meta.url));
/** All of them together, in milliseconds. */
const PATIENCE = 300_000;

export interface Start {
  readonly args: readonly string[];
  /** Milliseconds to wait before. */
  readonly delay: number;
}

/** Runs many commands at once without keeping this process, and the server in it, from its work. */
export async function together(home: TempHome, starts: readonly Start[]): Promise<CliRun[]> {
  const commands = starts.map(({ args, delay }) => ({ argv: [process.execPath, VAULT_JS, ...args], delay }));
  const running = promisify(execFile)(process.execPath, [MANY], {
    timeout: PATIENCE,
    maxBuffer: 2 ** 26,
    env: { PATH: process.env['PATH'] },
  });
  running.child.stdin?.end(JSON.stringify({ commands, cwd: home.home, env: home.env }));
  const ends = JSON.parse((await running).stdout) as Omit<CliRun, 'args'>[];
  const runs = ends.map((end, index) => ({ ...end, args: starts[index]?.args ?? [] }));
  home.runs.push(...runs);
  return runs;
}
