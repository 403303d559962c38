import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const SHARED = '/dev/shm';

/**
 * The words that run a command with another clock. One that was killed leaves two files named by its number, at which a
 * later process of that number fails; those of processes that are gone are taken away first.
 */
export function faketime(...args: readonly string[]): [string, ...string[]] {
  for (const name of existsSync(SHARED) ? readdirSync(SHARED) : []) {
    const pid = /^(?:sem\.faketime_sem|faketime_shm)_(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(SHARED, name), { force: true });
  }
  return ['faketime', ...args];
}
