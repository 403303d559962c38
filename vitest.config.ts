import { defineConfig } from 'vitest/config';

// Files under test/real/ start browsers, keychains and authorization servers, or many processes at once. They run
// one file at a time and after the others, so that they compete with nothing.
const REAL = 'test/real/**/*.test.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', './scripts/tally-reporter.ts'],
    expect: { requireAssertions: true },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: [REAL],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: [REAL],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
