import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TempHome } from '../../test/harness/temp-home.js';

/*
 * Makes chosen system calls of a command fail, or kills it in front of them. Only the main thread is watched: SQLite and
 * all of the vault's own writing run there, so its calls come in the same order each time.
 */

const CALLS = ['openat', 'write', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate'];
/** Which of these exist depends on the processor. */
const NAMING = [
  'rename',
  'renameat',
  'renameat2',
  'unlink',
  'unlinkat',
  'link',
  'linkat',
  'mkdir',
  'mkdirat',
];
const WATCHED = [...CALLS, ...NAMING.map((name) => `?${name}`)].join(',');

const STDOUT = 'stdout';

/** One system call of a command that writes to the disk or to stdout. */
export interface Call {
  readonly name: string;
  /**
   * Which call of this name it is, from 1: of those with this target where its name is always the same, else of all. How
   * often threads wake each other up, which is a write as well, differs from run to run.
   */
  readonly index: number;
  /** What it is about, relative to the home, with a star for what is random; `stdout` for what is printed. */
  readonly target: string;
  readonly creates: boolean;
}

/**
 * Runs a command and lists its calls.
 *
 * @param run is given what to put before the command
 */
export async function callsOf(home: TempHome, run: (under: string[]) => Promise<unknown>): Promise<Call[]> {
  return readCalls(await recorded(['-e', `trace=${WATCHED}`], run), home.root);
}

/** @returns what strace wrote down */
async function recorded(
  chosen: readonly string[],
  run: (under: string[]) => Promise<unknown>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vault-strace-'));
  const file = join(folder, 'calls');
  try {
    await run(['strace', '-y', '-s', '0', '-o', file, '-e', 'signal=none', ...chosen]);
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function killBefore(home: TempHome, call: Call): string[] {
  return ['strace', '-o', '/dev/null', ...only(home, call), '-e', injecting(call, 'signal=SIGKILL')];
}

/**
 * Runs a command one of whose calls fails.
 *
 * @returns false when another call than the one meant was next in line, because a wake-up between threads came or stayed
 * away: what happened then says nothing about disks
 */
export async function failing(
  home: TempHome,
  call: Call,
  error: string,
  run: (under: string[]) => Promise<unknown>,
): Promise<boolean> {
  const text = await recorded([...only(home, call), '-e', injecting(call, `error=${error}`)], run);
  const lines = text.split('\n').filter((line) => line.endsWith('(INJECTED)'));
  const [struck] = readCalls(lines.join('\n'), home.root);
  return struck?.target === call.target;
}

function injecting({ name, index }: Call, what: string): string {
  return `inject=${name}:${what}:when=${index}`;
}

function only(home: TempHome, { name, target }: Call): string[] {
  const path = isFixed(target) ? ['-P', join(home.root, target)] : [];
  return ['-e', `trace=${name}`, ...path];
}

function isFixed(target: string): boolean {
  return target !== STDOUT && !target.includes('*');
}

/** Lines such as `pwrite64(23</home/vault.db-journal>, ""..., 512, 0) = 512`. */
function readCalls(text: string, root: string): Call[] {
  const counts = new Map<string, number>();
  const count = (what: string) => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
    return counts.get(what) ?? 0;
  };
  const calls: Call[] = [];
  for (const line of text.split('\n')) {
    const [, name, rest] = /^(\w+)\((.*)/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    const ofAll = count(name);
    const target = targetOf(name, rest, root);
    if (target === null) continue;
    const index = isFixed(target) ? count(`${name} ${target}`) : ofAll;
    calls.push({ name, index, target, creates: rest.includes('O_CREAT') });
  }
  return calls;
}

/** @returns null for what is no concern of the disk: libraries, sockets, wake-ups between threads */
function targetOf(name: string, rest: string, root: string): string | null {
  if (name === 'write' && /^1<(pipe|socket)/.test(rest)) return STDOUT;
  const onDescriptor = ['write', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate'].includes(name);
  const path = (onDescriptor ? /^\d+<([^>]*)>/ : /"([^"]*)"/).exec(rest)?.[1];
  if (!path?.startsWith(root)) return null;
  const inHome = path.slice(root.length + 1);
  return inHome
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|\d{8}T\d{6}Z/g, '*')
    .replace(/\d+-(?:\*|\d+)/g, '*');
}
