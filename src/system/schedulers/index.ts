import { hostname, userInfo } from 'node:os';
import { isAbsolute, sep } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { readOnlyFs } from '../files/read-only.js';
import { runBounded } from '../processes/child.js';
import type { Machine, Scheduler, SchedulerKind } from './contract.js';
import { cron } from './cron.js';
import { launchd } from './launchd.js';
import { systemd } from './systemd.js';

/** All schedulers. */
export const SCHEDULERS: Readonly<Record<SchedulerKind, (machine: Machine) => Scheduler>> = {
  systemd: (machine) => inOwnHome(systemd(machine), machine),
  cron: (machine) => inOwnHome(cron(machine), machine),
  launchd: (machine) => inOwnHome(launchd(machine), machine),
};

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

const ROOT = 0;

/**
 * A scheduler that changes nothing for a user in whose place it does not run. With `sudo -E` a command has root's rights
 * and somebody's `HOME`: it would write where that user's links lead, and set up in root's name what that user meant.
 */
export function inOwnHome(scheduler: Scheduler, machine: Pick<Machine, 'home' | 'uid'>): Scheduler {
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

/** Users of services have root's folders as their homes, or none. @throws VaultError `vault_permissions` */
function refuseForeignHome({ home, uid }: Pick<Machine, 'home' | 'uid'>): void {
  const real = readOnlyFs.real(home);
  const owner = real === null ? undefined : readOnlyFs.at(real)?.uid;
  if (uid === undefined || owner === undefined) return;
  // In a user namespace root is somebody else.
  if ([uid, ROOT, readOnlyFs.at(sep)?.uid].includes(owner)) return;
  throw new VaultError('vault_permissions', `HOME is ${home}, which belongs to another user (id ${owner})`, {
    hint: `run it as that user, or with a home of its own, for example:\nsudo -u '#${owner}' -H vault schedule --install`,
  });
}
