import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expectTypedHints } from './hints.js';
import type { TempHome } from './temp-home.js';

export const VAULT_JS = fileURLToPath(new URL('../../bin/vault.js', import.meta.url));

/** Less than a test may take, so that the report says which command it was. */
const HUNG = 110_000;

export interface CliRun {
  readonly args: readonly string[];
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to stdin, which then ends; left out, stdin is empty. */
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  /** Milliseconds after which the command is killed and the test fails; 110 s when left out. */
  readonly timeout?: number;
  /** Put before `node`: `['strace', '-f', …]`. */
  readonly under?: readonly string[];
}

/** A command that still runs. */
export interface CliProcess {
  readonly child: ChildProcess;
  /** Resolves to the first line of stderr the pattern finds; rejects when the command ends without one. */
  stderrLine(pattern: RegExp): Promise<string>;
  /** Types a line; stdin stays open. */
  type(line: string): void;
  readonly done: Promise<CliRun>;
}

/** Starts the built command line as a child process, with stdin open, in an environment that holds nothing but the home's. */
export function startVault(args: readonly string[], home: TempHome, options: CliOptions = {}): CliProcess {
  const [program, ...rest] = [...(options.under ?? []), process.execPath, VAULT_JS, ...args] as [
    string,
    ...string[],
  ];
  const child = spawn(program, rest, {
    cwd: options.cwd ?? home.home,
    env: { ...home.env, ...options.env },
    stdio: 'pipe',
  });
  // A command that ends before it reads its stdin is no failure of the test.
  child.stdin.on('error', () => {});
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return {
    child,
    type: (line) => void child.stdin.write(`${line}\n`),
    stderrLine: (pattern) => stderr.line(pattern),
    done: finish(child, args, home, stdout, stderr, options.timeout ?? HUNG),
  };
}

/** Runs the built command line to its end. */
export function runVault(args: readonly string[], home: TempHome, options: CliOptions = {}): Promise<CliRun> {
  const started = startVault(args, home, options);
  started.child.stdin?.end(options.stdin ?? '');
  return started.done;
}

interface Collected {
  text(): string;
  line(pattern: RegExp): Promise<string>;
}

function collect(stream: NodeJS.ReadableStream): Collected {
  let text = '';
  const waiting = new Set<() => void>();
  let ended = false;
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  stream.on('end', () => {
    ended = true;
    wake();
  });
  return {
    text: () => text,
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const lines = text.split('\n');
          if (!ended) lines.pop();
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined && !ended) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the command ended without a line like ${pattern}; it said:\n${text}`));
        };
        waiting.add(look);
        look();
      }),
  };
}

async function finish(
  child: ChildProcess,
  args: readonly string[],
  home: TempHome,
  stdout: Collected,
  stderr: Collected,
  timeout: number,
): Promise<CliRun> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeout);
  const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  const run: CliRun = { args, exitCode, signal, stdout: stdout.text(), stderr: stderr.text() };
  home.runs.push(run);
  if (late) throw new Error(`vault ${args.join(' ')} did not end in ${timeout} ms; it said:\n${run.stderr}`);
  await expectTypedHints(run);
  return run;
}
