// Writes npm-shrinkwrap.json for the package that is published: the lockfile without what only development needs. npm reads it
// where it installs from a registry, not of a packed file. It is not committed; --remove takes it away after packing.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'npm-shrinkwrap.json');

if (process.argv.includes('--remove')) rmSync(target, { force: true });
else writeFileSync(target, `${JSON.stringify(forConsumers(), null, 2)}\n`);

function forConsumers() {
  const lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { '': own, ...locked } = lockfile.packages;
  const { devDependencies: _, ...manifest } = own;
  const needed = Object.entries(locked).filter(([, entry]) => !entry.dev && !entry.devOptional);
  return { ...lockfile, packages: { '': manifest, ...Object.fromEntries(needed) } };
}
