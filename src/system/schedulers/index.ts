import type { Machine, Scheduler, SchedulerKind } from './contract.js';
import { cron } from './cron.js';
import { launchd } from './launchd.js';
import { systemd } from './systemd.js';

/** All schedulers. */
export const SCHEDULERS: Readonly<Record<SchedulerKind, (machine: Machine) => Scheduler>> = {
  systemd,
  cron,
  launchd,
};
