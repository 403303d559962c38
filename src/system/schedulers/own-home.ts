import { sep } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { look } from '../files/look.js';
import type { Machine, Scheduler } from './contract.js';

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
  const real = look.real(home);
  const owner = real === null ? undefined : look.at(real)?.uid;
  if (uid === undefined || owner === undefined) return;
  // In a user namespace root is somebody else.
  if ([uid, ROOT, look.at(sep)?.uid].includes(owner)) return;
  throw new VaultError('vault_permissions', `HOME is ${home}, which belongs to another user (id ${owner})`, {
    hint: `run it as that user, or with a home of its own, for example:\nsudo -u '#${owner}' -H vault schedule --install`,
  });
}
