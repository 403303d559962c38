// Builds dist/: the command line as a CommonJS bundle (dist/cli) and the library as ES modules with types
// (dist/lib), the completions of shells and the manual. Everything is made beside dist/ and moved into place, so that a failed build leaves the last good
// one and a `vault` that runs meanwhile never finds half of one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, bundleCompletion, loadReference } from './bundle.mjs';
import { writeLicenses } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'dist');
const made = join(root, `dist.${process.pid}`);

try {
  mkdirSync(made);
  const packages = await bundle(root, join(made, 'cli'));
  writeLicenses(packages, join(made, 'cli', 'LICENSES.txt'));
  await bundleCompletion(root, join(made, 'cli'));
  await writeReference();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['-p', 'tsconfig.lib.json', '--outDir', join(made, 'lib')];
  const { status } = spawnSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' });
  if (status === 0) replace(target, made, `${made}.old`);
  else process.exitCode = 1;
} finally {
  rmSync(made, { recursive: true, force: true });
  rmSync(`${made}.old`, { recursive: true, force: true });
}

/** What is made of the commands themselves, and the scripts of the shells under both names of the program. */
async function writeReference() {
  const { PROGRAMS, reference } = await loadReference(root, made);
  const { table, manual } = await reference();
  writeFileSync(join(made, 'cli', 'commands.json'), JSON.stringify(table));
  mkdirSync(join(made, 'man'));
  for (const [name, text] of manual) writeFileSync(join(made, 'man', name), text);
  mkdirSync(join(made, 'completions'));
  const scripts = join(root, 'src', 'completions');
  for (const name of readdirSync(scripts)) {
    for (const program of PROGRAMS) {
      const text = readFileSync(join(scripts, name), 'utf8').replaceAll('vault', program);
      writeFileSync(join(made, 'completions', name.replace('vault', program)), text);
    }
  }
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
