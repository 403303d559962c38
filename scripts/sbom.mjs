// Writes dist/sbom.cdx.json (CycloneDX): every package that an installation holds, and which of them are part of the bundle
// in dist/cli. What would differ between two runs, two machines or two versions of npm is left out.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const args = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'];
const made = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));

// The bundle's own list, as its licences ask for it: a line `name version (licence)` for each package.
const licenses = readFileSync(join(root, 'dist', 'cli', 'LICENSES.txt'), 'utf8');
const bundled = new Set(
  [...licenses.matchAll(/^(\S+) (\d\S*) \(/gm)].map(([, pkg, version]) => `${pkg}@${version}`),
);

const { serialNumber: _serial, metadata, components, ...rest } = made;
const own = { ...plain(metadata.component), name };
const parts = components.map((component) => {
  const inside = bundled.delete(component.purl.replace(/^pkg:npm\//, '').replace(/%40/g, '@'));
  return {
    ...plain(component),
    ...(inside && { properties: [{ name: 'token-vault:bundled', value: 'dist/cli' }] }),
  };
});
if (bundled.size > 0)
  throw new Error(`bundled, and not in the lockfile in that version: ${[...bundled].join(', ')}`);
const sbom = { ...rest, metadata: { component: own }, components: parts };
writeFileSync(join(root, 'dist', 'sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);

/** Without paths and addresses. */
function plain({ properties: _properties, externalReferences: _references, ...component }) {
  return component;
}
