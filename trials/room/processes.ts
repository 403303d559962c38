import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TempHome } from '../../test/harness/temp-home.js';

/* Which processes work for a vault, from Linux's /proc. */

const REFRESHER = '\0@refresher\0';

/** Every process of this home: commands, refreshers, and what is just being forked into one. */
function processesOf(home: TempHome): number[] {
  const mark = `\0VAULT_HOME=${home.vault}\0`;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => `\0${proc(pid, 'environ')}`.includes(mark)).map(Number);
}

export function isRefresher(pid: number): boolean {
  return proc(pid, 'cmdline').includes(REFRESHER);
}

/** Resolves when nobody works for this home any more. */
export async function quiet(home: TempHome, patience = 60_000): Promise<void> {
  const end = Date.now() + patience;
  while (processesOf(home).length > 0) {
    if (Date.now() > end) throw new Error(`processes are left: ${processesOf(home).join(', ')}`);
    await sleep(5);
  }
}

/**
 * The refresher that a command has started.
 *
 * @returns null when the command ended without one
 */
export async function refresherOf(command: number, ended: () => boolean): Promise<number | null> {
  while (!ended()) {
    const children = proc(command, `task/${command}/children`).trim().split(' ').filter(Boolean).map(Number);
    const found = children.find(isRefresher);
    if (found !== undefined) return found;
    await sleep(1);
  }
  return null;
}

/** The most memory a process has had at once, in MiB; 0 when it is gone. */
export function peakMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(proc(pid, 'status'))?.[1] ?? 0) / 1024;
}

export function endProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function proc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
