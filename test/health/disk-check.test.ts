import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/domain/finding.js';
import type { HealthContext } from '../../src/health/contract.js';
import { disk } from '../../src/health/disk.js';
import { type FreeSpace, readOnlyFs } from '../../src/system/files/read-only.js';
import { needs } from '../harness/parts.js';
import { told } from './health-test.js';

const KIB = 1024;
const MIB = 1024 * KIB;

function judged(rooms: Readonly<Record<string, FreeSpace | null>>, may = true): Promise<readonly Finding[]> {
  return disk.run({
    fs: { ...readOnlyFs, may: () => may, freeSpace: (folder: string) => rooms[folder] },
    paths: { data: '/data', state: '/state' },
  } as unknown as HealthContext);
}

const room = (bytes: number, files: number | null = null, folder = '/data', device = 1): FreeSpace => ({
  folder,
  device,
  bytes,
  files,
});

describe('the free space on the disk', () => {
  it.each([
    [16 * MIB, 'ok: there is enough free space (16 MiB)'],
    [3_000 * MIB, 'ok: there is enough free space (2 GiB)'],
    [16 * MIB - 1, 'warning: the disk with /data has only 15 MiB left'],
    [MIB, 'warning: the disk with /data has only 1 MiB left'],
    [MIB - 1, 'problem: the disk with /data has 1023 KiB left; a refresh needs 1 MiB'],
    [0, 'problem: the disk with /data has 0 KiB left; a refresh needs 1 MiB'],
  ])('of %i bytes is judged by what a refresh needs', async (bytes, expected) => {
    const all = await judged({ '/data': room(bytes), '/state': room(bytes) });
    expect(told(all)).toEqual([expected]);
    expect(all[0]?.remedy).toBe(bytes >= 16 * MIB ? null : 'df -h /data');
  });

  it('is too little without free inodes', async () => {
    const full = room(99 * MIB, 3);
    expect(await judged({ '/data': full, '/state': full })).toEqual([
      expect.objectContaining({
        code: 'vault_not_writable',
        message: expect.stringMatching(/^the disk with \/data has room for 3 more files/),
        remedy: 'df -i /data',
      }),
    ]);
  });

  it('is checked on each disk that the vault needs', async () => {
    const all = await judged({ '/data': room(99 * MIB), '/state': room(0, null, '/state', 2) });
    expect(told(all)).toEqual([expect.stringMatching(/^problem: the disk with \/state has 0 KiB left/)]);
  });

  it('is not checked where it is unknown, or where nothing can be written', async () => {
    const untold = ['skipped: the free space is unknown'];
    expect(told(await judged({ '/data': null, '/state': null }))).toEqual(untold);
    expect(told(await judged({ '/data': room(0), '/state': room(0) }, false))).toEqual(untold);
  });
});

/** A small file system of its own at a new folder. */
function mounted(options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vault-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'none', folder]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

describe('a real disk', () => {
  beforeEach((context) => needs(context, 'a small tmpfs'));

  const found = (folder: string) =>
    disk.run({
      fs: readOnlyFs,
      paths: { data: join(folder, 'not', 'made', 'yet'), state: join(folder, 'nor this') },
    } as unknown as HealthContext);

  it.each([
    ['with little room', 'size=900k', 'ballast', / KiB left; a refresh needs/, /^df -h /],
    ['with no place for files', 'size=99m,nr_inodes=4', 'a file', /has room for 2 more files/, /^df -i /],
  ])('%s is a problem, and the hint shows it', async (_, options, name, message, remedy) => {
    const folder = mounted(options);
    writeFileSync(join(folder, name), Buffer.alloc(600 * KIB));
    const [finding, ...more] = await found(folder);
    expect([finding?.message, finding?.remedy]).toEqual([
      expect.stringMatching(message),
      expect.stringMatching(remedy),
    ]);
    expect(more).toEqual([]);
    expect(execFileSync('sh', ['-c', finding?.remedy ?? 'false']).toString()).toContain(folder);
  });
});
