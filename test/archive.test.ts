import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.js';
import { needs } from './harness/parts.js';

/* What .ci/packages builds whole and installs elsewhere, here laid out from this checkout. */

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const script = (name: string) => import(new URL(`../scripts/package/${name}.mjs`, import.meta.url).href);

const component = (name: string, version: string, properties?: object[]) => ({
  'bom-ref': `${name}@${version}`,
  ...(properties && { properties }),
});
const manifestOf = (name: string) =>
  JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
const SQLITE = component('better-sqlite3', manifestOf('better-sqlite3').version);
const UNDICI = component('undici', '7.0.0', [{ name: 'token-vault:bundled' }]);
/** Only npm runs it, to install. */
const INSTALLER = component('prebuild-install', '7.0.0');
const SBOM = {
  metadata: { component: component('token-vault', VERSION) },
  dependencies: [
    { ref: SQLITE['bom-ref'], dependsOn: [INSTALLER['bom-ref']] },
    { ref: INSTALLER['bom-ref'], dependsOn: [] },
  ],
  components: [SQLITE, UNDICI, INSTALLER],
};

const PACKED = 'bin dist docs package.json README.md SECURITY.md CHANGELOG.md LICENSE .env.example'.split(
  ' ',
);

let work: string;
let folder: string;
let home: string;

beforeAll(async () => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'vault-archive-')));
  folder = join(work, 'archive');
  const packed = join(work, 'packed');
  const { ANYWHERE, layProgram, layDocuments, layShared } = await script('program');
  for (const name of PACKED) cpSync(join(ROOT, name), join(packed, name), { recursive: true });
  writeFileSync(join(packed, 'dist', 'sbom.cdx.json'), JSON.stringify(SBOM));
  mkdirSync(join(packed, 'dist', 'man'), { recursive: true });
  writeFileSync(join(packed, 'dist', 'man', 'vault.1'), '.TH VAULT 1\n');
  const node = { binary: process.execPath, license: join(ROOT, 'LICENSE') };
  layProgram(packed, join(ROOT, 'node_modules'), folder, node, ANYWHERE);
  layDocuments(packed, folder);
  layShared(packed, folder);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeEach((context) => {
  if (process.platform !== 'linux') context.skip('only on Linux');
  home = mkdtempSync(join(work, 'home-'));
});

const files = (within: string) =>
  readdirSync(within, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(within, join(entry.parentPath, entry.name)));

function run(words: readonly string[], { cwd = home, path = '' } = {}) {
  const [program = '', ...args] = words;
  return spawnSync(program, args, { cwd, env: { HOME: home, PATH: path }, encoding: 'utf8' });
}

describe('the archive', () => {
  it('contains the program, its Node, licences and manual pages', () => {
    const known =
      /^(?:package\.json|bin\/(?:vault|token-vault|package\.json)|runtime\/(?:node|LICENSE)|dist\/(?:cli\/|sbom\.cdx\.json$|completions\/|man\/)|node_modules\/|share\/|docs\/|README\.md|SECURITY\.md|CHANGELOG\.md|LICENSE|\.env\.example)/;
    expect(files(folder).filter((path) => !known.test(path))).toEqual([]);
    expect(files(folder)).toEqual(expect.arrayContaining(['runtime/LICENSE', 'share/man/man1/vault.1']));
  });

  it('contains no sources of addons, no other platform and no bundled package', () => {
    const inModules = files(join(folder, 'node_modules'));
    expect(inModules.filter((path) => path.endsWith('.node'))).toEqual(
      expect.arrayContaining(['better-sqlite3/build/Release/better_sqlite3.node']),
    );
    expect(inModules.filter((path) => /\.(?:cc|c|h|gyp)$|(?:darwin|win32)-/.test(path))).toEqual([]);
    expect(inModules.filter((path) => /^(?:undici|commander|prebuild-install)\//.test(path))).toEqual([]);
  });

  it('lists its contents, with the hashes of Node and of the addons', () => {
    const sbom = JSON.parse(readFileSync(join(folder, 'dist', 'sbom.cdx.json'), 'utf8'));
    const sha256 = createHash('sha256').update(readFileSync(process.execPath)).digest('hex');
    const node = {
      name: 'node',
      version: process.versions.node,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    };
    expect(sbom.components).toEqual(
      expect.arrayContaining([
        SQLITE,
        UNDICI,
        expect.objectContaining({ name: 'node_modules/better-sqlite3/build/Release/better_sqlite3.node' }),
        expect.objectContaining(node),
      ]),
    );
    expect(sbom.components).not.toContainEqual(INSTALLER);
    expect(sbom.dependencies).toEqual([{ ref: SQLITE['bom-ref'], dependsOn: [] }]);
  });

  it('has the same bytes whenever and in whatever order its files were written', async () => {
    const { pack } = await script('archive');
    const sums = [0o022, 0o077].map((mask, turn) => {
      const before = process.umask(mask);
      const tree = join(work, `turn-${turn}`, 'same');
      mkdirSync(join(tree, 'bin'), { recursive: true });
      for (const name of turn === 0 ? ['a', 'b'] : ['b', 'a']) {
        writeFileSync(join(tree, 'bin', name), name, { mode: name === 'a' ? 0o777 : 0o666 });
        utimesSync(join(tree, 'bin', name), turn, turn);
      }
      const target = join(work, `same-${turn}.tar.gz`);
      pack(tree, target);
      process.umask(before);
      const entries = execFileSync('tar', ['-tvzf', target], { encoding: 'utf8' }).trim().split('\n');
      expect(entries.map((line) => line.replace(/ +.* /, ' '))).toEqual([
        'drwxr-xr-x same/',
        'drwxr-xr-x same/bin/',
        '-rwxr-xr-x same/bin/a',
        '-rw-r--r-- same/bin/b',
      ]);
      return createHash('sha256').update(readFileSync(target)).digest('hex');
    });
    expect(sums[0]).toBe(sums[1]);
  });
});

describe('its launcher', () => {
  /** A link to a link to it, as users make them. */
  function linked(name = 'token-vault'): string {
    const place = mkdtempSync(join(work, 'bin-'));
    symlinkSync(relative(place, join(folder, 'bin', name)), join(place, 'inner'));
    symlinkSync('inner', join(place, name));
    return join(place, name);
  }

  it.each(['vault', 'token-vault'])('runs as %s without another Node', (name) => {
    const told = { status: 0, stdout: `${VERSION}\n`, stderr: '' };
    expect(run([join(folder, 'bin', name), '--version'])).toMatchObject(told);
    expect(run([linked(name), '--version'])).toMatchObject(told);
    expect(run(['/bin/sh', name, '--version'], { cwd: join(folder, 'bin') })).toMatchObject(told);
  });

  it('starts no program of the current folder, whatever PATH contains', () => {
    for (const name of ['readlink', 'node', 'sh', 'command'])
      writeFileSync(join(home, name), '#!/bin/sh\ntouch bitten\n', { mode: 0o755 });
    expect(run([linked(), '--version'], { path: '.' })).toMatchObject({ status: 0 });
    expect(readdirSync(home)).not.toContain('bitten');
  });

  it('opens only files of its own folder and of the system', (context) => {
    needs(context, 'strace');
    const trace = join(home, 'trace');
    const traced = [
      '/usr/bin/strace',
      '-f',
      '-qq',
      '-z',
      '-s4096',
      '-etrace=open,openat,execve',
      '-o',
      trace,
    ];
    expect(run([...traced, join(folder, 'bin', 'vault'), 'list'])).toMatchObject({ status: 0 });
    const opened = [...readFileSync(trace, 'utf8').matchAll(/"(\/[^"]*)"/g)].map((match) => match[1] ?? '');
    expect(opened).toContain(join(folder, 'dist', 'cli', 'main.cjs'));
    const system = /^\/(?:proc|dev|sys|etc|lib|lib64|usr\/lib)\/|^\/bin\/sh$/;
    const places = opened.map((path) => join(path)).filter((path) => !system.test(path));
    expect(places.filter((path) => !path.startsWith(`${folder}/`) && !path.startsWith(home))).toEqual([]);
  });

  it('is what jobs run, under the path that was typed', () => {
    const path = linked();
    const { stdout } = run([path, 'schedule', '--kind', 'cron'], { path: '/bin' });
    expect(stdout).toContain(` ${path} refresh --all `);
    expect(stdout).not.toContain('runtime/node');
  });

  it('keeps options for Node from Node, and refuses those that expose tokens', () => {
    writeFileSync(join(home, 'settings'), 'NODE_OPTIONS=--no-such-option\n');
    const settings = run([join(folder, 'bin', 'vault'), '--env-file', join(home, 'settings'), 'list']);
    expect(settings).toMatchObject({ status: 2, stderr: expect.stringContaining('--settings') });
    const env = { HOME: home, NODE_OPTIONS: '--tls-keylog=/dev/null' };
    const exposed = spawnSync(join(folder, 'bin', 'vault'), ['list'], { env, encoding: 'utf8' });
    expect(exposed).toMatchObject({ status: 2, stderr: expect.stringContaining('contains --tls-keylog') });
  });

  it('reports a C library that is older than the addon needs', () => {
    const path = join(folder, 'node_modules', 'better-sqlite3', 'build', 'Release', 'better_sqlite3.node');
    const whole = readFileSync(path);
    const addon = Buffer.from(whole);
    // A version that no library has.
    for (let at = addon.indexOf('GLIBC_2.'); at !== -1; at = addon.indexOf('GLIBC_2.', at))
      addon[at + 6] = 0x39;
    writeFileSync(path, addon);
    const { status, stderr } = run([join(folder, 'bin', 'vault'), 'init', '--key-source', 'file']);
    writeFileSync(path, whole);
    expect(status).toBe(2);
    expect(stderr).toContain('built for a system with a newer C library');
  });
});
