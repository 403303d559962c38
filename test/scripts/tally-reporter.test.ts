import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const WHOLE = `import { expect, it } from 'vitest';
it('passes', () => expect(1).toBe(1));
it('fails', () => expect(1).toBe(2));
it('waits', (context) => context.skip('needs a part that is not here'));
it('waits too', (context) => context.skip('needs a part that is not here'));
it.skip('says nothing', () => {});
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-tally-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('closes a run with its counts, broken files among the failures', () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'whole.test.mjs'), WHOLE);
  writeFileSync(join(folder, 'broken.test.mjs'), "throw new Error('broken');");
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporter = join(ROOT, 'scripts', 'tally-reporter.ts');
  const args = [vitest, 'run', '--root', folder, '--maxWorkers', '1', '--reporter', reporter];
  const env = { PATH: process.env['PATH'], HOME: folder };
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual([
    'skipped 2: needs a part that is not here',
    'skipped 1: no reason given: says nothing',
    '1 passed, 2 failed, 3 skipped',
  ]);
});
