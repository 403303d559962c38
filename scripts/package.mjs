// Makes in release/ what installs without a clone: the npm package, an archive and a Debian package that bring the Node that runs
// this script, a Dockerfile and a Homebrew formula, the SBOMs and the sums of all. Each is made beside release/ and moved there at
// the end. Runs on Linux with glibc, and needs dpkg-dev for the Debian package.
// npm run package [-- --url https://…]   --url: where release/ will be published, for the formula
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { pack } from './package/archive.mjs';
import { buildDebianPackage } from './package/debian.mjs';
import { filesOf, sha256 } from './package/files.mjs';
import { ANYWHERE, layDocuments, layProgram, layShared } from './package/program.mjs';
import { dockerfile, formula } from './package/recipes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const release = join(root, 'release');
const made = `${release}.${process.pid}`;
const work = join(made, 'work');

const { values } = parseArgs({ options: { url: { type: 'string', default: pathToFileURL(release).href } } });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version, license } = manifest;
const [what = '', how = ''] = manifest.description.split(': ');
const facts = {
  version,
  license,
  summary: what.replace(/^A /, ''),
  details: how.replace(/^./, (first) => first.toUpperCase()),
  maintainer: /^Copyright \(c\) \d+ (.+)$/m.exec(readFileSync(join(root, 'LICENSE'), 'utf8'))?.[1] ?? '',
};

try {
  const node = ownNode();
  mkdirSync(work, { recursive: true });
  const npm = `token-vault-${version}`;
  const archive = `${npm}-linux-${process.arch}`;

  run('npm', 'pack', '--silent', '--pack-destination', work);
  run('tar', '-xzf', join(work, `${npm}.tgz`), '-C', work);
  const packed = join(work, 'package');
  // Anew, because npm takes over the modes of this clone's files.
  pack(packed, join(made, `${npm}.tgz`));
  const modules = join(root, 'node_modules');
  copyFileSync(join(packed, 'dist', 'sbom.cdx.json'), join(made, `${npm}.cdx.json`));

  const folder = join(work, archive);
  layProgram(packed, modules, folder, node, ANYWHERE);
  layDocuments(packed, folder);
  layShared(packed, folder);
  copyFileSync(join(folder, 'dist', 'sbom.cdx.json'), join(made, `${archive}.cdx.json`));
  pack(folder, join(made, `${archive}.tar.gz`));

  const architecture = run('dpkg', '--print-architecture').trim();
  const debian = join(work, 'debian-package');
  const deb = join(made, `token-vault_${version}_${architecture}.deb`);
  buildDebianPackage({ packed, modules, node }, { ...facts, architecture }, debian, deb);

  const source = { url: `${values.url}/${npm}.tgz`, sha256: sha256(join(made, `${npm}.tgz`)) };
  const withShared = existsSync(join(packed, 'dist', 'completions'));
  writeFileSync(join(made, 'token-vault.rb'), formula(source, facts, withShared));
  writeFileSync(join(made, 'Dockerfile'), dockerfile(archive));

  rmSync(work, { recursive: true });
  const sums = filesOf(made).map((name) => `${sha256(join(made, name))}  ${name}\n`);
  writeFileSync(join(made, 'SHA256SUMS'), sums.join(''));
  rmSync(release, { recursive: true, force: true });
  renameSync(made, release);
  process.stdout.write(`${filesOf(release).join('\n')}\n`);
} finally {
  rmSync(made, { recursive: true, force: true });
}

function run(program, ...args) {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

/**
 * @returns the Node that runs this script, and its licence
 * @throws Error when it does not run without other files of this machine
 */
function ownNode() {
  const { node_shared: shared } = process.config.variables;
  const { glibcVersionRuntime: glibc } = process.report.getReport().header;
  if (process.platform !== 'linux' || glibc === undefined || shared)
    throw new Error('only a Node for Linux with glibc can be packed, one that needs no libnode.so');
  const prefix = dirname(dirname(process.execPath));
  const license = ['LICENSE', 'share/doc/nodejs/LICENSE']
    .map((name) => join(prefix, name))
    .find((path) => existsSync(path));
  if (license === undefined) throw new Error(`the licence of Node is not in ${prefix}`);
  return { binary: process.execPath, license };
}
