import type { Machine, Scheduler, SchedulerKind } from './contract.js';
import { cron } from './cron.js';
import { launchd } from './launchd.js';
import { inOwnHome } from './own-home.js';
import { systemd } from './systemd.js';

/** All schedulers. */
export const SCHEDULERS: Readonly<Record<SchedulerKind, (machine: Machine) => Scheduler>> = {
  systemd: (machine) => inOwnHome(systemd(machine), machine),
  cron: (machine) => inOwnHome(cron(machine), machine),
  launchd: (machine) => inOwnHome(launchd(machine), machine),
};
