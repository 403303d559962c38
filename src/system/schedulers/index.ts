import { hostname, userInfo } from 'node:os';
import { isAbsolute, sep } from 'node:path';
import { orElse, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { readOnlyFs } from '../files/read-only.js';
import { runBounded } from '../processes/child.js';
import type { Machine, Scheduler, SchedulerKind } from './contract.js';
import { cron } from './cron.js';
import { launchd } from './launchd.js';
import { systemd } from './systemd.js';

export const SCHEDULERS: Readonly<Record<SchedulerKind, (machine: Machine) => Scheduler>> = {
  systemd: (machine) => inOwnHome(systemd(machine), machine),
  cron: (machine) => inOwnHome(cron(machine), machine),
  launchd: (machine) => inOwnHome(launchd(machine), machine),
};

/**
 * @param env the whole environment of the programs
 * @param limit for each program, in milliseconds
 */
export function machineOf(
  { env, uid, files }: Pick<Machine, 'env' | 'uid' | 'files'>,
  limit: number,
): Machine {
  // A user need not be in the user list, as in many containers.
  const registered = orElse(() => userInfo(), null);
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

const ROOT = 0;

/**
 * Refuses to change anything in another user's home. With `sudo -E` a command has root's rights and the `HOME` of a user,
 * whose links it would follow, and it would install root's job for that user.
 */
function inOwnHome(scheduler: Scheduler, machine: Pick<Machine, 'home' | 'uid'>): Scheduler {
  return {
    ...scheduler,
    install: async (job) => {
      refuseForeignHome(machine);
      return scheduler.install(job);
    },
    uninstall: async (job) => {
      refuseForeignHome(machine);
      return scheduler.uninstall(job);
    },
  };
}

/** Service users may have a home that belongs to root, or none. @throws VaultError `vault_permissions` */
function refuseForeignHome({ home, uid }: Pick<Machine, 'home' | 'uid'>): void {
  const real = readOnlyFs.real(home);
  const owner = real === null ? undefined : readOnlyFs.info(real)?.uid;
  if (uid === undefined || owner === undefined) return;
  // In a user namespace root has another id.
  if ([uid, ROOT, readOnlyFs.info(sep)?.uid].includes(owner)) return;
  throw new VaultError('vault_permissions', `HOME is ${home}, which belongs to another user (id ${owner})`, {
    hint: `run it as that user, or set HOME to a folder of your own, for example:\nsudo -u '#${owner}' -H ${command('schedule --install')}`,
  });
}
