import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EPOCH, filesOf, put, settle } from './files.mjs';
import { layDocuments, layProgram, layShared } from './program.mjs';

/** The place is known, so the system can start Node with the launcher itself. `--` ends the options of Node. */
const START = '#!/usr/lib/token-vault/runtime/node --\n';

const OTHER_LICENCES = `
Of what comes with it:
Node: /usr/lib/token-vault/runtime/LICENSE
packages: /usr/lib/token-vault/dist/cli/LICENSES.txt, and beside each in /usr/lib/token-vault/node_modules
`;

/** `vault` may be HashiCorp's program already: update-alternatives(1) leaves alone what is no link. */
const POSTINST = `#!/bin/sh
set -e
[ "$1" != configure ] ||
  update-alternatives --install /usr/bin/vault vault /usr/lib/token-vault/bin/vault 10
`;
const PRERM = `#!/bin/sh
set -e
[ "$1" = upgrade ] ||
  update-alternatives --remove vault /usr/lib/token-vault/bin/vault
`;

/**
 * Builds a Debian package. What it depends on is found by dpkg-shlibdeps(1): the libraries that Node and SQLite's addon load.
 * Those of the keychain's addon are recommended.
 *
 * @param {{ packed: string, modules: string, node: { binary: string, license: string } }} parts as `layProgram` takes them
 * @param {{ version: string, architecture: string, maintainer: string, summary: string, details: string }} facts
 * @param {string} work a new folder
 * @param {string} target the file to write
 */
export function buildDebianPackage({ packed, modules, node }, facts, work, target) {
  const root = join(work, 'root');
  const program = join(root, 'usr', 'lib', 'token-vault');
  const documents = join(root, 'usr', 'share', 'doc', 'token-vault');
  layProgram(packed, modules, program, node, START);
  layShared(packed, join(root, 'usr'));
  layDocuments(packed, documents);
  renameSync(join(documents, 'CHANGELOG.md'), join(documents, 'changelog'));
  put(join(documents, 'copyright'), readFileSync(join(documents, 'LICENSE'), 'utf8') + OTHER_LICENCES);
  rmSync(join(documents, 'LICENSE'));
  for (const path of filesOf(root)) if (/\/man1\/|\/changelog$/.test(path)) compress(join(root, path));
  mkdirSync(join(root, 'usr', 'bin'));
  symlinkSync('../lib/token-vault/bin/token-vault', join(root, 'usr', 'bin', 'token-vault'));
  put(join(root, 'DEBIAN', 'control'), control(facts, root, librariesOf(program, work)));
  put(join(root, 'DEBIAN', 'postinst'), POSTINST, 0o755);
  put(join(root, 'DEBIAN', 'prerm'), PRERM, 0o755);
  settle(root);
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(EPOCH) };
  // gzip, because what xz makes depends on the number of processors.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', root, target], {
    env,
    stdio: 'pipe',
  });
}

/** As Debian asks for man pages and the changelog. */
function compress(path) {
  put(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  rmSync(path);
}

/** @returns {string} the fields Depends and Recommends */
function librariesOf(program, work) {
  put(join(work, 'debian', 'control'), 'Source: token-vault\n\nPackage: token-vault\nArchitecture: any\n');
  const addons = filesOf(program).filter((path) => path.endsWith('.node'));
  const found = execFileSync(
    'dpkg-shlibdeps',
    [
      '-O',
      ...['runtime/node', ...addons].flatMap((path) => [
        `-d${path.includes('/keytar/') ? 'Recommends' : 'Depends'}`,
        `-e${join(program, path)}`,
      ]),
    ],
    { cwd: work, encoding: 'utf8', stdio: 'pipe' },
  );
  return found.replace(/^shlibs:(\w+)=/gm, '$1: ');
}

function control({ version, architecture, maintainer, summary, details }, root, libraries) {
  const bytes = filesOf(root).reduce((sum, path) => sum + statSync(join(root, path)).size, 0);
  return `Package: token-vault
Version: ${version.replace('-', '~')}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${Math.ceil(bytes / 1024)}
${libraries}Section: utils
Priority: optional
Description: ${summary}
 ${details}
`;
}
