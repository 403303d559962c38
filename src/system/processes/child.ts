import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { SECOND } from '../../domain/duration.js';

export type BoundedEnd =
  | {
      readonly kind: 'ended';
      /** 128 + n when signal n ended it. */
      readonly exitCode: number;
      readonly stdout: Buffer;
      readonly stderr: string;
    }
  /** With the system's error code: `ENOENT`, `EACCES`. */
  | { readonly kind: 'not_started'; readonly code: string }
  | { readonly kind: 'timed_out' };

export interface BoundedOptions {
  /** The whole environment, except parts of PATH that are not absolute. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Its stdin; `inherit`: that of this process, a terminal for example. */
  readonly input: Uint8Array | 'inherit';
  /** Milliseconds. */
  readonly limit: number;
  /** Whether to return what it prints. */
  readonly capture: boolean;
  /** In bytes: a program that prints more is killed, and counts as ended by a signal. */
  readonly enough?: number;
  /** Ends it as the limit does. */
  readonly signal?: AbortSignal;
  /**
   * It may ask the user: it stays in the terminal's foreground and its stderr goes there. Otherwise it has a process
   * group of its own, away from any terminal.
   */
  readonly foreground?: boolean;
}

/** More than any program here prints; the rest is dropped. */
const CAPTURED_BYTES = 4 * 1024 * 1024;
/** For reading the output after the program has ended. */
const OUTPUT_GRACE = SECOND;

/**
 * Runs a program without a shell, in a process group of its own. At the limit the whole group is killed. What it leaves
 * running after its own end is left alone.
 */
export function runBounded(
  program: string,
  args: readonly string[],
  options: BoundedOptions,
): Promise<BoundedEnd> {
  const { env, cwd, input, limit, capture, enough, signal, foreground = false } = options;
  const running = new Promise<BoundedEnd>((resolve) => {
    const out = capture ? 'pipe' : 'ignore';
    const stdio = [input === 'inherit' ? input : 'pipe', out, foreground ? 'inherit' : out] as const;
    const own = { env: withAbsolutePath(env), cwd, detached: !foreground, stdio: [...stdio] };
    const child = spawn(program, args, own);
    const tooMuch = () => {
      kill();
      end({ kind: 'ended', exitCode: exitCodeOf(null, 'SIGKILL'), stdout: stdout(), stderr: '' });
    };
    const stdout = collect(child.stdout, enough, tooMuch);
    const stderr = collect(child.stderr);
    const end = (result: BoundedEnd) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      child.removeAllListeners('exit');
      for (const stream of child.stdio) stream?.destroy();
      resolve(result);
    };
    const kill = () => {
      // At once; the group is reached a moment later.
      child.kill('SIGKILL');
      if (!foreground && child.pid !== undefined) killGroup(child.pid);
    };
    const giveUp = () => {
      kill();
      end({ kind: 'timed_out' });
    };
    let timer = setTimeout(giveUp, limit);
    signal?.addEventListener('abort', giveUp, { once: true });
    child.on('error', (error: NodeJS.ErrnoException) =>
      end({ kind: 'not_started', code: error.code ?? 'unknown' }),
    );
    child.on('exit', (code: number | null, ended: NodeJS.Signals | null) => {
      const exitCode = exitCodeOf(code, ended);
      const finish = () =>
        end({ kind: 'ended', exitCode, stdout: stdout(), stderr: stderr().toString('utf8') });
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      if (!capture) return finish();
      child.on('close', finish);
      // A process that it left running may hold the pipes open. After a delay, read once more what is in them.
      timer = setTimeout(() => setImmediate(finish), OUTPUT_GRACE);
    });
    // A program need not read its input.
    child.stdin?.on('error', () => undefined);
    if (input !== 'inherit') child.stdin?.end(input);
    if (signal?.aborted) giveUp();
  });
  // spawn() throws for most failures instead of emitting 'error'.
  return running.catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === undefined) throw failure;
    return { kind: 'not_started', code: failure.code };
  });
}

/** As shells report it: 128 + n where signal n ended the program. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function collect(
  stream: Readable | null,
  enough = Number.POSITIVE_INFINITY,
  tooMuch = () => {},
): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size < CAPTURED_BYTES) chunks.push(chunk);
    size += chunk.length;
    if (size > enough) tooMuch();
  });
  return () => Buffer.concat(chunks);
}

/** Windows has no process groups, and no kill(1), which can reach a group. */
function killGroup(pid: number): void {
  const killer = spawn('/bin/sh', ['-c', `kill -KILL -${pid}`], { env: {}, stdio: 'ignore' });
  killer.on('error', () => undefined);
}

export interface ChildResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program without a shell, without input, and captures its output.
 *
 * @param env the whole environment of the program
 * @param onStderrLine called with each line as it arrives
 * @returns exit code 128 + n when signal n ended it; rejects when the program cannot be started
 */
export function runChild(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  onStderrLine?: (line: string) => void,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let unfinished = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) onStderrLine?.(line);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (unfinished !== '') onStderrLine?.(unfinished);
      resolve({ exitCode: exitCodeOf(code, signal), stdout, stderr });
    });
  });
}

/** The search path of execvp(3) without PATH. */
const USUAL = '/usr/bin:/bin';

/**
 * Removes the relative parts of PATH: `.`, an empty one, `bin`. A program started by its bare name must not come from the
 * current directory.
 */
export function withAbsolutePath<E extends Readonly<Record<string, string | undefined>>>(env: E): E {
  const { PATH } = env;
  if (PATH === undefined) return env;
  const parts = PATH.split(delimiter).filter((part) => isAbsolute(part));
  return { ...env, PATH: parts.length > 0 ? parts.join(delimiter) : USUAL };
}
