import { readFileSync } from 'node:fs';

/** What is known of whoever started a process. */
export interface CallerProcess {
  /** The name of the parent process, in plain ASCII; null where the system does not tell. */
  readonly parent: string | null;
  /** Whether the process belongs to a terminal; null where the system does not tell. */
  readonly terminal: boolean | null;
}

/** As long as the kernel makes them (TASK_COMM_LEN). */
const NAME_LENGTH = 16;

/**
 * Who asks, as Linux tells in `/proc` (proc_pid_stat(5): the parent is field 4, the terminal field 7, counted after the
 * name in parentheses, which may hold anything).
 */
export function callerProcessOf(platform: NodeJS.Platform): CallerProcess {
  const unknown = { parent: null, terminal: null };
  if (platform !== 'linux') return unknown;
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, parent = '', , , terminal = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!/^\d+$/.test(parent)) return unknown;
    return { parent: nameOf(parent), terminal: terminal !== '0' };
  } catch {
    return unknown;
  }
}

/** A process may call itself anything. */
function nameOf(pid: string): string | null {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'latin1').replace(/\n$/, '');
    return name.slice(0, NAME_LENGTH).replace(/[^\x21-\x7e]/g, '?') || null;
  } catch {
    return null;
  }
}
