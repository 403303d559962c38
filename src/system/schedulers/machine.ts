import { hostname, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';
import { runBounded } from '../processes/bounded-child.js';
import type { Machine } from './contract.js';

/**
 * The machine as schedulers see it.
 *
 * @param env the whole environment of the programs that are run
 * @param limit how long one of them may take, in milliseconds
 */
export function machineOf(
  { env, uid, files }: Pick<Machine, 'env' | 'uid' | 'files'>,
  limit: number,
): Machine {
  const registered = registeredUser();
  const home = env['HOME'] ?? '';
  return {
    env,
    uid,
    name: `${hostname()} ${uid}`,
    user: registered?.username ?? null,
    files,
    home: isAbsolute(home) ? home : (registered?.homedir ?? '/'),
    run: (program, args, options = {}) =>
      runBounded(program, args, {
        env: { ...env, ...options.env },
        cwd: '/',
        input: options.input ?? new Uint8Array(),
        limit,
        capture: true,
      }),
  };
}

/** The user of a container may be missing in its list. */
function registeredUser(): { readonly username: string; readonly homedir: string } | null {
  try {
    return userInfo();
  } catch {
    return null;
  }
}
