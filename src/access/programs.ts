import { delimiter, isAbsolute, join } from 'node:path';
import { MINUTE } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { Host } from '../system/contract.js';
import { readOnlyFs } from '../system/files/read-only.js';
import {
  type BoundedEnd,
  type ChildResult,
  runBounded,
  runChild,
  withAbsolutePath,
} from '../system/processes/child.js';
import { commandWords } from '../system/processes/command-words.js';

/** Runs another program in `/`, where other users cannot put files, without client secrets; its output is discarded. */
export function runProgram(
  { env, interruption }: Pick<Host, 'env' | 'interruption'>,
  program: string,
  args: readonly string[],
  { input, limit }: { readonly input: Uint8Array; readonly limit: number },
): Promise<BoundedEnd> {
  const options = { env: childEnv(env), cwd: '/', input, limit, capture: false, signal: interruption };
  return runBounded(program, args, options);
}

/**
 * Runs one of the user's own programs, and returns what it prints.
 *
 * @param how.what it was run for: `gpg could not open FILE`
 * @param how.asks whether it may ask at the terminal
 * @param how.limit bytes
 * @throws VaultError `command_not_found`, `usage` when it fails
 */
export async function readFromProgram(
  { env, interruption }: Pick<Host, 'env' | 'interruption'>,
  program: string,
  args: readonly string[],
  { what, asks, limit }: { readonly what: string; readonly asks: boolean; readonly limit: number },
): Promise<Buffer> {
  const end = await runBounded(program, args, {
    env: childEnv(env),
    cwd: '/',
    input: asks ? 'inherit' : new Uint8Array(),
    limit: TIME_TO_ANSWER,
    capture: true,
    enough: limit,
    signal: interruption,
    foreground: asks,
  });
  interruption.throwIfAborted();
  if (end.kind === 'ended' && end.exitCode === 0) return end.stdout;
  if (end.kind === 'not_started')
    throw new VaultError('command_not_found', `${program} is needed to ${what}, and cannot be started`, {
      hint: `install ${program}`,
    });
  throw new VaultError('usage', `${program} did not ${what}, so nothing was changed`, {
    hint: `to see why: ${[program, ...args].map(quoted).join(' ')}`,
  });
}

/** A user may have to find a password, or a hardware key. */
const TIME_TO_ANSWER = 5 * MINUTE;

/** Runs this program again. @param onStderrLine called as each line arrives. @throws VaultError `usage` in the library */
export function runThisProgram(
  { self }: Pick<Host, 'self'>,
  args: readonly string[],
  env: Host['env'],
  onStderrLine?: (line: string) => void,
): Promise<ChildResult> {
  if (self === null) throw new VaultError('usage', 'only the command line can run itself again');
  const [program, ...script] = self;
  return runChild(program, [...script, ...args], env, onStderrLine);
}

/** The user's editor: `$VISUAL`, else `$EDITOR`, else that of the system. No shell reads it. */
export function editorOf({ env, platform }: Pick<Host, 'env' | 'platform'>): {
  readonly command: readonly string[];
  readonly env: Host['env'];
} {
  const named = env['VISUAL'] || env['EDITOR'] || (platform === 'win32' ? 'notepad' : 'vi');
  return { command: commandWords(named), env: withAbsolutePath(childEnv(env)) };
}

/** Whether a program of this name can be run by typing it. */
export function isOnPath({ env, platform }: Pick<Host, 'env' | 'platform'>, name: string): boolean {
  const names = platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  const folders = (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
  return folders.some((folder) => names.some((each) => readOnlyFs.may('execute', join(folder, each))));
}
