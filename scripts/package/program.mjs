import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, put } from './files.mjs';
import { narrowSbom } from './program-sbom.mjs';

/* The program with all that it needs to run, a Node included: what an archive and a Debian package have in common. */

/** What is for people. */
const DOCUMENTS = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE', '.env.example', 'docs'];

/** What runs of packages with a native half. The rest is source code, other platforms, and what is bundled already. */
const NATIVE = {
  'better-sqlite3': ['package.json', 'LICENSE', 'build/Release/better_sqlite3.node'],
  keytar: ['package.json', 'LICENSE.md', 'lib', `prebuilds/${process.platform}-${process.arch}`],
};

/** Where shells and man(1) look for what is in `dist`, below a prefix. */
const SHARED = [
  [/^completions\/(.+)\.bash$/, 'share/bash-completion/completions/$1'],
  [/^completions\/(_.+)$/, 'share/zsh/vendor-completions/$1'],
  [/^completions\/(.+\.fish)$/, 'share/fish/vendor_completions.d/$1'],
  [/^man\/(.+)$/, 'share/man/man1/$1'],
];

/**
 * The first lines of a launcher that may be anywhere. sh and Node read the same file, so that the program knows the path it was
 * called by, which jobs then name: it stays when a link is set to a newer version.
 */
export const ANYWHERE = `#!/bin/sh
':' // # For sh: start the Node of this folder with this file, also through symbolic links. Node skips these lines.
':' //; self=$0; case $self in */*) ;; *) self=./$self ;; esac
':' //; [ ! -h "$self" ] || self=$(command -p readlink -f -- "$self")
':' //; exec "\${self%/*}/../runtime/node" -- "$0" "$@"
`;

/**
 * @param {string} packed the unpacked npm package
 * @param {string} modules node_modules as the lockfile has them
 * @param {string} target a new folder
 * @param {{ binary: string, license: string }} node
 * @param {string} start the first lines of the launchers, which start Node
 */
export function layProgram(packed, modules, target, node, start) {
  const library = join(packed, 'dist', 'lib');
  cpSync(join(packed, 'dist'), join(target, 'dist'), { recursive: true, filter: (path) => path !== library });
  for (const name of outsideOfBundle(modules)) {
    for (const part of NATIVE[name] ?? [''])
      cpSync(join(modules, name, part), join(target, 'node_modules', name, part), { recursive: true });
  }
  cpSync(node.binary, join(target, 'runtime', 'node'));
  cpSync(node.license, join(target, 'runtime', 'LICENSE'));
  for (const name of ['package.json', 'bin/package.json']) cpSync(join(packed, name), join(target, name));
  const main = readFileSync(join(packed, 'bin', 'vault.js'), 'utf8').replace(/^#!.*\n/, start);
  for (const name of ['vault', 'token-vault']) put(join(target, 'bin', name), main, 0o755);
  narrowSbom(join(target, 'dist', 'sbom.cdx.json'), target);
}

/** @param {string} target a folder, which may exist */
export function layDocuments(packed, target) {
  for (const name of DOCUMENTS) cpSync(join(packed, name), join(target, name), { recursive: true });
}

/** Copies completions and man pages to where they are looked for. @param {string} prefix `/usr` for example */
export function layShared(packed, prefix) {
  for (const path of filesOf(join(packed, 'dist'))) {
    const [pattern, place] = SHARED.find(([each]) => each.test(path)) ?? [];
    if (place !== undefined)
      put(join(prefix, path.replace(pattern, place)), readFileSync(join(packed, 'dist', path)));
  }
}

/** @returns {Set<string>} the packages that the bundle loads from node_modules, with all that these need */
function outsideOfBundle(modules) {
  const found = new Set(Object.keys(NATIVE));
  const visit = (name) => {
    if (found.has(name)) return;
    found.add(name);
    if (existsSync(join(modules, name, 'node_modules')))
      throw new Error(`${name} has packages of its own, and this script looks for them beside it only`);
    const { dependencies = {} } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'));
    for (const each of Object.keys(dependencies)) visit(each);
  };
  visit('open');
  return found;
}
