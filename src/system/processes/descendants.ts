import { readdir, readlink } from 'node:fs/promises';
import { parentOf } from './parent.js';

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
  return new Map(names.map((name) => [Number(name), parentOf(Number(name)) ?? 0]));
}

async function holds(pid: number, socket: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return targets.includes(socket);
}
