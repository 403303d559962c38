// Builds dist/: the command line as a CommonJS bundle (dist/cli) and the library as ES modules with types
// (dist/lib). Everything is made beside dist/ and moved into place, so that a failed build leaves the last good
// one and a `vault` that runs meanwhile never finds half of one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { writeLicenses } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist');
const made = join(root, `dist.${process.pid}`);

try {
  mkdirSync(made);
  const packages = await bundle(root, join(made, 'cli'));
  writeLicenses(packages, join(made, 'cli', 'LICENSES.txt'));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['-p', 'tsconfig.lib.json', '--outDir', join(made, 'lib')];
  const { status } = spawnSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' });
  if (status === 0) replace(target, made, `${made}.old`);
  else process.exitCode = 1;
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(`${made}.old`, { recursive: true, force: true });
}

/** Two renames, begun again when another build's came in between: no file of `target` is ever seen half written. */
function replace(target, replacement, aside) {
  try {
    renameSync(target, aside);
  } catch (failure) {
    if (failure.code !== 'ENOENT') throw failure;
  }
  try {
    renameSync(replacement, target);
  } catch (failure) {
    if (failure.code !== 'ENOTEMPTY' && failure.code !== 'EEXIST') throw failure;
    rmSync(aside, { recursive: true, force: true });
    replace(target, replacement, aside);
  }
}
