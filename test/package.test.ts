import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'rolldown/parseAst';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const ENTRY = join(ROOT, 'bin', 'vault.js');

let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'vault-package-'));
});

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

function node(args: readonly string[]) {
  const env = { PATH: process.env['PATH'], HOME: work };
  return spawnSync(process.execPath, args, { cwd: work, env, encoding: 'utf8' });
}

describe('the lockfile', () => {
  const packages: Record<string, Record<string, Record<string, string>>> = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  ).packages;

  it('holds the hash of every package and no address of a registry', () => {
    const { '': _root, ...fetched } = packages;
    const unlocked = Object.keys(fetched).filter((path) => !fetched[path]?.['integrity']);
    expect(unlocked).toEqual([]);
    expect(Object.keys(fetched).filter((path) => fetched[path]?.['resolved'])).toEqual([]);
  });

  it('holds the packages of every platform', () => {
    const named = Object.values(packages).flatMap((entry) =>
      Object.keys(entry['optionalDependencies'] ?? {}),
    );
    const locked = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    expect(named.filter((name) => !locked.has(name))).toEqual([]);
  });

  it('has no libc field, which npm 11 writes and npm 10 takes out', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.['libc'])).toEqual([]);
  });
});

describe('the package', () => {
  let files: string[];
  let folder: string;

  // Put where a global installation puts it. Its dependencies are this checkout's: to install them afresh means to
  // compile an addon, which .ci/run does.
  beforeAll(() => {
    const npm = {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, npm_config_loglevel: 'silent' },
    } as const;
    const script = (name: string, ...args: string[]) =>
      execFileSync(process.execPath, [join(ROOT, 'scripts', name), ...args]);
    script('sbom.mjs');
    script('shrinkwrap.mjs');
    const packed = execFileSync(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', work],
      npm,
    );
    script('shrinkwrap.mjs', '--remove');
    const [tarball] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
    files = tarball.files.map((file) => file.path);
    const modules = join(work, 'prefix', 'lib', 'node_modules');
    folder = join(modules, MANIFEST.name);
    mkdirSync(modules, { recursive: true });
    execFileSync('tar', ['-xzf', join(work, tarball.filename), '-C', work]);
    cpSync(join(work, 'package'), folder, { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(work, 'prefix', 'bin'));
    for (const [name, target] of Object.entries<string>(MANIFEST.bin)) {
      symlinkSync(join(folder, target), join(work, 'prefix', 'bin', name));
    }
  });

  it.each(['vault', 'token-vault'])('runs as %s from an empty prefix', (name) => {
    const run = node([join(work, 'prefix', 'bin', name), '--version']);
    expect(run).toMatchObject({ status: 0, stdout: `${MANIFEST.version}\n`, stderr: '' });
  });

  it('is a library that can be imported by its name', () => {
    const user = join(work, 'user');
    mkdirSync(join(user, 'node_modules'), { recursive: true });
    symlinkSync(folder, join(user, 'node_modules', MANIFEST.name));
    const script = join(user, 'script.mjs');
    writeFileSync(
      script,
      `import { openVault } from 'token-vault';\nprocess.stdout.write(typeof openVault);\n`,
    );
    expect(node([script])).toMatchObject({ status: 0, stdout: 'function', stderr: '' });
  });

  it('contains exactly the files to publish', () => {
    const intended =
      /^(?:bin\/(?:vault\.js|package\.json)|dist\/cli\/[\w-]+\.cjs|dist\/cli\/LICENSES\.txt|dist\/cli\/commands\.json|dist\/man\/[a-z-]+\.1|dist\/completions\/(?:_[a-z-]+|[a-z-]+\.(?:bash|fish|ps1))|dist\/sbom\.cdx\.json|npm-shrinkwrap\.json|dist\/lib\/[\w/-]+\.(?:js|d\.ts)|package\.json|docs\/(?:[a-z-]+|README|connect\/[a-z]+)\.md|docs\/terminal\.svg|README\.md|SECURITY\.md|CHANGELOG\.md|LICENSE|\.env\.example)$/;
    expect(files.filter((path) => !intended.test(path))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['bin/vault.js', 'dist/cli/main.cjs', 'dist/lib/index.d.ts', 'LICENSE']),
    );
  });

  // npm links these on a global installation, and those of a folder that is named instead only from a registry.
  it('names every page of the manual in its manifest', () => {
    const pages = files.filter((path) => path.startsWith('dist/man/'));
    expect(pages.length).toBeGreaterThan(40);
    expect([...MANIFEST.man].sort()).toEqual(pages.sort());
  });

  it('names no path of the machine it was built on', () => {
    const places = [ROOT.replace(/[\\/]$/, ''), join(homedir(), sep)];
    const built = readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true });
    const texts = built.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(texts.length).toBeGreaterThan(10);
    const found = texts.filter((path) => places.some((place) => readFileSync(path, 'utf8').includes(place)));
    expect(found).toEqual([]);
  });

  const packed = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

  it('has a shrinkwrap of the tested versions, without registry or dev dependencies', () => {
    const { packages } = packed('npm-shrinkwrap.json');
    const locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    for (const name of Object.keys(MANIFEST.dependencies)) {
      expect(packages[`node_modules/${name}`]).toEqual(locked[`node_modules/${name}`]);
    }
    expect(packages['node_modules/prebuild-install']).toMatchObject({ integrity: expect.any(String) });
    expect(Object.keys(packages).filter((path) => packages[path].dev || packages[path].resolved)).toEqual([]);
    expect(packages['']).not.toHaveProperty('devDependencies');
    expect(packages).not.toHaveProperty('node_modules/vitest');
  });

  it('lists every bundled package and its version, and nothing of this machine', () => {
    const licenses = readFileSync(join(folder, 'dist', 'cli', 'LICENSES.txt'), 'utf8');
    const names = [...licenses.matchAll(/^(\S+ \d\S*) \(/gm)].map(([, name]) => name);
    const sbom = packed('dist/sbom.cdx.json');
    type Component = { name: string; version: string; properties?: unknown };
    const bundled = sbom.components.filter((component: Component) => component.properties !== undefined);
    expect(bundled.map(({ name, version }: Component) => `${name} ${version}`).sort()).toEqual(names.sort());
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^undici 7\./)]));
    expect(sbom.metadata).toEqual({ component: expect.objectContaining({ name: 'token-vault' }) });
    expect(sbom).not.toHaveProperty('serialNumber');
    expect(JSON.stringify(sbom)).not.toMatch(/https?:\/\/(?!cyclonedx\.org)/);
  });

  it('loads only Node, its own chunks and the packages kept out of the bundle', () => {
    const chunks = readdirSync(join(folder, 'dist', 'cli')).filter((name) => name.endsWith('.cjs'));
    const texts = chunks.map((name) => readFileSync(join(folder, 'dist', 'cli', name), 'utf8'));
    const calls = texts.flatMap((text) => [...text.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)]);
    const loaded = calls.map((call) => call[1] as string);
    const outside = loaded.filter(
      (name) => !/^\.\/[\w-]+\.cjs$/.test(name) && !name.startsWith('node:') && !isBuiltin(name),
    );
    expect([...new Set(outside)].sort()).toEqual(['keytar', 'open']);
  });

  it('prints the version of its manifest', () => {
    expect(VERSION).toBe(MANIFEST.version);
  });

  it('lets only packages that need it run an install script', () => {
    expect(MANIFEST.allowScripts).toEqual({ 'better-sqlite3': true, '@github/keytar': false });
    expect(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });
});

describe('bin/vault.js', () => {
  function underNode(version: string) {
    const disguise = `Object.defineProperty(process, 'version', { value: '${version}' })`;
    // Not preloaded: the vault refuses to run where other code runs first.
    return node(['--eval', `${disguise}; require(${JSON.stringify(ENTRY)})`, ENTRY, '--version']);
  }

  it.each(['v0.10.48', 'v18.20.8', 'v20.18.3'])('refuses Node %s with one sentence', (version) => {
    expect(underNode(version)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `vault needs Node 20.19 or newer, and this is Node ${version.slice(1)}.\n`,
    });
  });

  it.each(['v20.19.0', 'v22.0.0', 'v100.1.0'])('accepts Node %s', (version) => {
    expect(underNode(version)).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
  });

  it('is written so that the oldest Node can parse it', () => {
    const kinds = new Set<string>();
    const tree = JSON.stringify(parseAst(readFileSync(ENTRY, 'utf8')), (key, value) => {
      if (key === 'type') kinds.add(value);
      return key === 'kind' && value !== 'var' && value !== 'init'
        ? expect.fail(`declares with ${value}`)
        : value;
    });
    expect(tree).toContain('"kind":"var"');
    const modern =
      /^(?:Arrow|Template|Spread|Class|Await|Yield|Chain|Import|Export|ForOf|ArrayPattern|ObjectPattern)/;
    expect([...kinds].filter((kind) => modern.test(kind))).toEqual([]);
    expect(readFileSync(ENTRY, 'utf8')).not.toMatch(/,\s*\)|\?\?|\*\*/);
  });

  it('reports a missing build in one sentence', () => {
    const bare = join(work, 'bare');
    cpSync(join(ROOT, 'bin'), join(bare, 'bin'), { recursive: true });
    expect(node([join(bare, 'bin', 'vault.js')])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `vault is not built yet: type npm run build in ${bare} first.\n`,
    });
  });
});
