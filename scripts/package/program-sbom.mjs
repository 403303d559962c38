import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, sha256 } from './files.mjs';

/**
 * Makes of the SBOM of the npm package that of a laid out program: of the packages those that are in it, then the native addons,
 * and Node with what is compiled into it.
 *
 * @param {string} file the SBOM, which is written anew
 * @param {string} program the folder
 */
export function narrowSbom(file, program) {
  const { components, dependencies, ...sbom } = JSON.parse(readFileSync(file, 'utf8'));
  const shipped = manifestsIn(program).map(({ name, version }) => `${name}@${version}`);
  const packages = components.filter(
    ({ 'bom-ref': ref, properties }) => properties !== undefined || shipped.includes(ref),
  );
  const kept = new Set([sbom.metadata.component, ...packages].map((each) => each['bom-ref']));
  const hashes = (path) => [{ alg: 'SHA-256', content: sha256(join(program, path)) }];
  const addons = filesOf(program).filter((path) => path.endsWith('.node'));
  const { node: version, ...inside } = process.versions;
  const node = {
    'bom-ref': `node@${version}`,
    type: 'application',
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    hashes: hashes('runtime/node'),
    components: Object.entries(inside).map(([name, each]) => ({ type: 'library', name, version: each })),
  };
  const narrowed = {
    ...sbom,
    dependencies: dependencies
      .filter(({ ref }) => kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) })),
    components: [
      ...packages,
      ...addons.map((path) => ({ type: 'file', name: path, hashes: hashes(path) })),
      node,
    ],
  };
  writeFileSync(file, `${JSON.stringify(narrowed, null, 2)}\n`);
}

function manifestsIn(program) {
  const modules = join(program, 'node_modules');
  const files = filesOf(modules).filter((path) => path.endsWith('package.json'));
  return files.map((path) => JSON.parse(readFileSync(join(modules, path), 'utf8')));
}
