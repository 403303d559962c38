import { readFileSync } from 'node:fs';

/** The parent of a process; null where the system does not say. Linux only, from `/proc` (proc(5)). */
export function parentOf(pid: number): number | null {
  let stat = '';
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {}
  // It is field 4; the name before it, in parentheses, may hold anything.
  const [, parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return /^\d+$/.test(parent) ? Number(parent) : null;
}
