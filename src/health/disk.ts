import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import type { Room } from '../system/files/read-only.js';
import type { Check, HealthDeps } from './contract.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
/** A refresh writes what it is about to do, a place for the answer, a journal and locks, then the answer itself. */
const NEEDED = { bytes: MIB, files: 16 };
const LOW = 16 * MIB;

/** Whether what a refresh brings can be stored where the vault and its records lie. */
export const disk: Check = {
  name: 'disk',
  title: 'disk',
  group: 'vault',
  async run(deps) {
    const looked = disks(deps);
    if (looked.length === 0) return [skipped('how much room there is cannot be told')];
    const findings = looked.flatMap((room) => judge(room, deps));
    if (findings.length > 0) return findings;
    const least = Math.min(...looked.map(({ bytes }) => bytes));
    return [fine(`there is room for what a refresh brings (${inUnits(least)})`)];
  },
};

/** Each file system once. On one that is read-only, or not ours, room is of no use: the check `permissions` tells. */
function disks({ paths, look }: HealthDeps): readonly Room[] {
  const rooms = [paths.state, paths.data].flatMap((folder) => look.room(folder) ?? []);
  const usable = rooms.filter(({ folder }) => look.may('write', folder));
  return [...new Map(usable.map((room) => [room.device, room])).values()];
}

function judge({ folder, bytes, files }: Room, { commands }: HealthDeps): Finding[] {
  const where = `the disk with ${folder}`;
  const inBytes = `df -h ${commands.quoted(folder)}`;
  if (bytes < NEEDED.bytes) {
    const message = `${where} has ${inUnits(bytes)} left, and a refresh needs ${inUnits(NEEDED.bytes)} to be stored`;
    return [problem('vault_not_writable', message, inBytes)];
  }
  if (files !== null && files < NEEDED.files) {
    const message = `${where} can hold only ${files} files more, and a refresh needs ${NEEDED.files} to be stored`;
    return [problem('vault_not_writable', message, `df -i ${commands.quoted(folder)}`)];
  }
  return bytes < LOW ? [warning(`${where} has only ${inUnits(bytes)} left`, inBytes)] : [];
}

function inUnits(bytes: number): string {
  const [unit, name] = bytes < MIB ? [KIB, 'KiB'] : bytes < GIB ? [MIB, 'MiB'] : [GIB, 'GiB'];
  return `${Math.floor(bytes / unit)} ${name}`;
}
