import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import { quoted } from '../domain/safe-text.js';
import type { FreeSpace } from '../system/files/read-only.js';
import type { Check, HealthContext } from './contract.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
/** A refresh writes an intent, a spill slot, a journal, locks, and the answer. */
const NEEDED = { bytes: MIB, files: 16 };
const LOW = 16 * MIB;

/** Whether the answer of a refresh can be stored. */
export const disk: Check = {
  name: 'disk',
  title: 'disk',
  group: 'vault',
  async run(ctx) {
    const found = disks(ctx);
    if (found.length === 0) return [skipped('the free space is unknown')];
    const findings = found.flatMap((space) => judge(space));
    if (findings.length > 0) return findings;
    const least = Math.min(...found.map(({ bytes }) => bytes));
    return [fine(`there is enough free space (${inUnits(least)})`)];
  },
};

/** Each file system once, if it is writable; the check `permissions` reports the others. */
function disks({ paths, fs }: HealthContext): readonly FreeSpace[] {
  const spaces = [paths.state, paths.data].flatMap((folder) => fs.freeSpace(folder) ?? []);
  const usable = spaces.filter(({ folder }) => fs.may('write', folder));
  return [...new Map(usable.map((space) => [space.device, space])).values()];
}

function judge({ folder, bytes, files }: FreeSpace): Finding[] {
  const where = `the disk with ${folder}`;
  const inBytes = `df -h ${quoted(folder)}`;
  if (bytes < NEEDED.bytes) {
    const message = `${where} has ${inUnits(bytes)} left; a refresh needs ${inUnits(NEEDED.bytes)}`;
    return [problem('vault_not_writable', message, inBytes)];
  }
  if (files !== null && files < NEEDED.files) {
    const message = `${where} has room for ${files} more files; a refresh needs ${NEEDED.files}`;
    return [problem('vault_not_writable', message, `df -i ${quoted(folder)}`)];
  }
  return bytes < LOW ? [warning(`${where} has only ${inUnits(bytes)} left`, inBytes)] : [];
}

function inUnits(bytes: number): string {
  const [unit, name] = bytes < MIB ? [KIB, 'KiB'] : bytes < GIB ? [MIB, 'MiB'] : [GIB, 'GiB'];
  return `${Math.floor(bytes / unit)} ${name}`;
}
