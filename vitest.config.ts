import { defineConfig } from 'vitest/config';

// Files under test/real/ start browsers, keychains, authorization servers and many processes. They run after the others.
// Most of them mostly wait, so two run at a time.
const REAL = 'test/real/**/*.test.ts';
/** Files that start so many processes at once that nothing should run beside them. */
const CROWDS = ['concurrency', 'first-logins'].map((name) => `test/real/${name}.test.ts`);

/** After so many milliseconds a test hangs. A busy machine, on which it is only slow, must not fail it. */
const HUNG = 120_000;

export default defineConfig({
  test: {
    pool: 'forks',
    // Left out, it is one fewer than there are processors.
    maxWorkers: '100%',
    reporters: ['default', './scripts/tally-reporter.ts'],
    // A machine that does much else takes longer than a second for most things.
    expect: { requireAssertions: true, poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: [REAL],
          // No module keeps anything, so files may share a process, whose start is dearer than most of them.
          isolate: false,
          testTimeout: HUNG,
          hookTimeout: HUNG,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: [REAL],
          exclude: CROWDS,
          maxWorkers: 2,
          testTimeout: 2 * HUNG,
          hookTimeout: HUNG,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: CROWDS,
          fileParallelism: false,
          testTimeout: 2 * HUNG,
          hookTimeout: HUNG,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
