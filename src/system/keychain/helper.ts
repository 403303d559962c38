import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { childEnv } from '../../domain/environment.js';
import { OWN_PROCESSES } from '../../domain/own-processes.js';
import type { Host, Relaunch } from '../contract.js';
import { type Keychain, KeychainFailure } from './contract.js';

/** One call of a {@link Keychain}, as one line on the helper's stdin. */
export interface HelperRequest {
  readonly action: keyof Keychain;
  readonly service: string;
  readonly account: string;
  /** What to write; null for other actions. */
  readonly value: string | null;
}

/** The answer, as one line on the helper's stdout. */
export type HelperAnswer =
  | { readonly value: string | boolean | null }
  | (Pick<KeychainFailure, 'about' | 'remedy'> & { readonly failure: KeychainFailure['kind'] });

/**
 * Calls the keychain in a process of its own: a native call that hangs cannot be cancelled, but a process can be killed.
 * Secrets go over its stdin and stdout.
 *
 * @param self the command that runs this program
 * @param signal ends the helper
 * @throws KeychainFailure; the signal's reason
 */
export async function callHelper(
  [program, ...script]: Relaunch,
  env: Readonly<Record<string, string | undefined>>,
  request: HelperRequest,
  signal: AbortSignal,
): Promise<string | boolean | null> {
  const child = spawn(program, [...script, OWN_PROCESSES.keychain], {
    env: childEnv(env),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // If the helper does not start, its output ends at once, and the code below reports that.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const kill = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  try {
    signal.throwIfAborted();
    // Its stdin stays open: the helper exits when it ends.
    child.stdin.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: child.stdout })) return answered(line);
    signal.throwIfAborted();
    throw new KeychainFailure('unavailable', { about: 'the process that calls it ended early' });
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

/**
 * The other side: makes one call of the system's keychain, read from stdin, and prints the answer. It is killed when that takes
 * too long.
 *
 * @param leave exits even while a call hangs; used when the caller is gone
 */
export async function runAsKeychainHelper(host: Host, leave: () => void): Promise<void> {
  const { keytarKeychain } = await import('./native.js');
  const lines = createInterface({ input: host.stdin });
  lines.once('close', leave);
  const first = await lines[Symbol.asyncIterator]().next();
  if (first.done === true) return;
  const answer = await answerTo(JSON.parse(first.value) as HelperRequest, keytarKeychain(host.platform));
  host.stdout.on('error', () => undefined);
  host.stdout.write(`${JSON.stringify(answer)}\n`);
  lines.off('close', leave);
  lines.close();
}

async function answerTo(
  { action, service, account, value }: HelperRequest,
  keychain: Keychain,
): Promise<HelperAnswer> {
  try {
    if (action !== 'write') return { value: await keychain[action](service, account) };
    await keychain.write(service, account, value ?? '');
    return { value: null };
  } catch (failure) {
    const { kind = 'unavailable', about = null, remedy = null } = failure as Partial<KeychainFailure>;
    return { failure: kind, about, remedy };
  }
}
