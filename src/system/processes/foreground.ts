import { spawn } from 'node:child_process';

import { isatty } from 'node:tty';
import { codeOf, VaultError } from '../../domain/errors.js';
import type { TakeSignals } from '../contract.js';
import { exitCodeOf } from './child.js';

export interface ForegroundEnd {
  /** 128 + n when signal n ended the program. */
  readonly exitCode: number;
  /** Whether a signal asked it to stop while it ran. */
  readonly stopped: boolean;
}

const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
/**
 * A terminal sends these to every program in its foreground; passing them on would send them twice, which many programs
 * take for "at once".
 */
const SENT_BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Runs a program in place of this one, without a shell: stdin, stdout, stderr and all signals are its own. Nothing may be
 * printed meanwhile: opening a stream would change the mode of a pipe that the program uses.
 *
 * @param env the whole environment of the program, whose PATH is searched for it
 * @throws VaultError `command_not_found`, `command_not_executable`
 */
export async function runInForeground(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  takeSignals: TakeSignals,
): Promise<ForegroundEnd> {
  const onTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  let stopped = false;
  let passOn: (signal: NodeJS.Signals) => void = () => undefined;
  const giveBack = takeSignals((signal) => {
    stopped ||= STOPPING.includes(signal);
    if (!(onTerminal && SENT_BY_TERMINAL.includes(signal))) passOn(signal);
  });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { env, stdio: 'inherit' });
      passOn = (signal) => void child.kill(signal);
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
    });
    return { exitCode, stopped };
  } catch (failure) {
    throw notStarted(program, failure);
  } finally {
    giveBack();
  }
}

function notStarted(program: string, cause: unknown): VaultError {
  const code = codeOf(cause);
  if (code === 'ENOENT') {
    return new VaultError('command_not_found', `there is no program ${program}, so nothing was run`, {
      hint: 'check its name and PATH, or give its full path',
      cause,
    });
  }
  const why =
    code === 'E2BIG'
      ? 'its arguments and environment are too long'
      : 'it is not executable, or not a program';
  return new VaultError('command_not_executable', `${program} could not be started: ${why}`, {
    hint: 'see what it is: ls -l',
    cause,
  });
}
