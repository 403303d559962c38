import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs vitest on one made-up test file and gives the lines it closed with. */
function closingLines(test: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'vault-tally-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'made-up.test.mjs'), `import { expect, it } from 'vitest';\n${test}`);
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const reporter = join(ROOT, 'scripts', 'tally-reporter.ts');
    const args = [vitest, 'run', '--root', folder, '--reporter', reporter];
    const env = { PATH: process.env['PATH'], HOME: folder };
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
    return stdout.trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it('closes a test run with one plain line of counts, after the reasons for what was skipped', () => {
  const lines = closingLines(`
    it('passes', () => expect(1).toBe(1));
    it('fails', () => expect(1).toBe(2));
    it('waits', (context) => context.skip('needs a part that is not here'));
    it('waits too', (context) => context.skip('needs a part that is not here'));
    it.skip('says nothing', () => {});
  `);
  expect(lines).toEqual([
    'skipped 2: needs a part that is not here',
    'skipped 1: no reason given: says nothing',
    '1 passed, 1 failed, 3 skipped',
  ]);
});

it('counts a test file that cannot be loaded as a failure', () => {
  expect(closingLines(`throw new Error('broken');`).at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});
