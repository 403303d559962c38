import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Files that start the built command line, browsers, keychains, servers, again and again. */
const REAL = [
  'test/real/**/*.test.ts',
  'test/library/*.test.ts',
  'test/{archive,context,context-agent,package,stories}.test.ts',
];
/** Files that start so many processes at once that nothing should run beside them. */
const CROWDS = ['concurrency', 'first-logins'].map((name) => `test/real/${name}.test.ts`);

/** Real files wait half of the time, so more run at a time than there are processors. */
const WORKERS = Math.min(2 * availableParallelism(), 8);

/** After so many milliseconds a test hangs. A busy machine, on which it is only slow, must not fail it. */
const HUNG = 120_000;

const GIB = 2 ** 30;
/** A file system in memory on Linux. SQLite waits for the disk at each commit, which is half of the time of the tests. */
const IN_MEMORY = '/dev/shm';

/** The folder for the vaults of the tests; `TMPDIR` overrides it, and where there is no such place the tests use the usual one. */
function temporaryFolder(): string | undefined {
  if (process.env['TMPDIR'] || process.platform !== 'linux') return process.env['TMPDIR'];
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .findLast(([, place]) => place === IN_MEMORY);
  // Tests run programs that they write there.
  if (mount?.[2] !== 'tmpfs' || mount[3]?.split(',').includes('noexec')) return undefined;
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize >= GIB ? IN_MEMORY : undefined;
}

const folder = temporaryFolder();
// The workers inherit it.
if (folder !== undefined) process.env['TMPDIR'] = folder;

// No module keeps anything, so files may share a process, whose start is dearer than most of them.
const shared = { isolate: false, testTimeout: HUNG, hookTimeout: HUNG } as const;

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: WORKERS,
    maxConcurrency: 3,
    reporters: ['default', './scripts/tally-reporter.ts'],
    // A machine that does much else takes longer than a second for most things.
    expect: { requireAssertions: true, poll: { timeout: 15_000 } },
    // Projects of one group start in the order of their names: the real files first, and the others beside the last of them.
    projects: [
      {
        extends: true,
        test: { name: 'real', include: REAL, exclude: CROWDS, ...shared, testTimeout: 2 * HUNG },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: REAL,
          setupFiles: 'test/harness/cheap-scrypt.ts',
          ...shared,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: CROWDS,
          fileParallelism: false,
          ...shared,
          testTimeout: 2 * HUNG,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
