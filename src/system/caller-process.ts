import { readFileSync } from 'node:fs';
import { orElse } from '../domain/errors.js';

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
  const stat = platform === 'linux' ? contentOf('/proc/self/stat') : '';
  const [, parent = '', , , terminal = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!/^\d+$/.test(parent)) return { parent: null, terminal: null };
  // A process may call itself anything.
  const name = contentOf(`/proc/${parent}/comm`).replace(/\n$/, '').slice(0, NAME_LENGTH);
  return { parent: name.replace(/[^\x21-\x7e]/g, '?') || null, terminal: terminal !== '0' };
}

function contentOf(path: string): string {
  return orElse(() => readFileSync(path, 'latin1'), '');
}
