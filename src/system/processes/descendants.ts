import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Whether a process that descends from `root` has a socket open. Linux only, from `/proc` (proc(5)). A process whose parent has
 * ended belongs to init, and descends from nothing else.
 *
 * @param inode of the socket
 */
export async function descendantHolds(root: number, inode: string): Promise<boolean> {
  for (const pid of descendantsIn(await parents(), root))
    if (await holds(pid, `socket:[${inode}]`)) return true;
  return false;
}

/** @param parentOf the parent of each process */
export function descendantsIn(parentOf: ReadonlyMap<number, number>, root: number): readonly number[] {
  const descends = (pid: number) => {
    let at = parentOf.get(pid);
    // No chain is longer than the number of processes.
    for (let steps = 0; at !== undefined && at !== root && steps < parentOf.size; steps += 1)
      at = parentOf.get(at);
    return at === root;
  };
  return [...parentOf.keys()].filter(descends);
}

async function parents(): Promise<ReadonlyMap<number, number>> {
  const names = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(
    names.map(async (name) => [Number(name), (await parentOf(Number(name))) ?? 0] as const),
  );
  return new Map(entries);
}

/** The parent of a process; null where the system does not say. */
export async function parentOf(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // It is field 4; the name before it, in parentheses, may hold anything.
  const [, parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return /^\d+$/.test(parent) ? Number(parent) : null;
}

async function holds(pid: number, socket: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return targets.includes(socket);
}
