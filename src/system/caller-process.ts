import { readFileSync } from 'node:fs';

/** The process that started this one; null where the system does not say. */
export interface CallerProcess {
  /** The name of the parent process, in printable ASCII. */
  readonly parent: string | null;
  /** Whether this process has a terminal. */
  readonly terminal: boolean | null;
}

/** TASK_COMM_LEN of the kernel. */
const NAME_LENGTH = 16;

/**
 * Reads `/proc` on Linux (proc_pid_stat(5)): the parent is field 4, the terminal field 7, counted after the name in
 * parentheses, which may hold anything.
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
