import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Keychain, KeychainFailure } from './contract.js';

/** One call of a {@link Keychain}, as it is told to a helper over its stdin, on one line. */
export interface HelperRequest {
  readonly action: keyof Keychain;
  readonly service: string;
  readonly account: string;
  /** What to write; null for other actions. */
  readonly value: string | null;
}

/** What a helper says on its stdout, on one line. */
export type HelperAnswer =
  | { readonly value: string | boolean | null }
  | (Pick<KeychainFailure, 'about' | 'remedy'> & { readonly failure: KeychainFailure['kind'] });

/** What main.ts knows a helper by. No command begins like this. */
const ARGUMENT = '@keychain';
/** A keychain has no use for the secrets of others. */
const SECRET = /_CLIENT_SECRET$/;

/**
 * Has a keychain called by this program in a process of its own: a native call that hangs cannot be called off, but a
 * process can be killed. Secrets go over its stdin and stdout.
 *
 * @param self the interpreter, and the script that runs this program
 * @param started told the helper's process id
 * @param signal ends the wait, and the helper
 * @throws KeychainFailure, and what the signal's reason is
 */
export async function callHelper(
  [interpreter, script]: readonly [string, string],
  env: Readonly<Record<string, string | undefined>>,
  request: HelperRequest,
  started: (pid: number) => void,
  signal: AbortSignal,
): Promise<string | boolean | null> {
  const child = spawn(interpreter, [script, ARGUMENT], {
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !SECRET.test(name))),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // One that cannot be started, or has ended, shows in the end of its lines.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  if (child.pid !== undefined) started(child.pid);
  const kill = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    signal.throwIfAborted();
    // Its stdin stays open: when it ends the helper knows that nobody waits any more.
    child.stdin.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: child.stdout })) return answered(line);
    signal.throwIfAborted();
    throw new KeychainFailure('unavailable', { about: 'the process that was to call it ended too early' });
  } finally {
    signal.removeEventListener('abort', kill);
    child.stdin.destroy();
    child.stdout.destroy();
    kill();
  }
}

function answered(line: string): string | boolean | null {
  const answer = JSON.parse(line) as HelperAnswer;
  if ('value' in answer) return answer.value;
  throw new KeychainFailure(answer.failure, answer);
}
