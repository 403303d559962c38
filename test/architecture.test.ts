import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../src/providers/index.js';
import { violations } from './architecture/rules.js';
import { scan } from './architecture/scan.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROVIDERS = ['google', 'microsoft'];

/** What the rules say of one made-up file. */
function verdict(path: string, text: string): string[] {
  return violations([scan(path, text)], PROVIDERS);
}

function filesUnder(folder: string, ending: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending));
  return files.map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/')).sort();
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

describe('this repository', () => {
  it('keeps its own rules', () => {
    const sources = filesUnder('src', '.ts').map((path) => scan(path.replace(/^src\//, ''), textOf(path)));
    expect(sources.length).toBeGreaterThan(50);
    expect(catalogue.names).toContain('google');
    expect(violations(sources, catalogue.names)).toEqual([]);
  });

  it('leaves no work behind in tests', () => {
    const facts = filesUnder('test', '.ts').map((path) => scan(path, textOf(path)));
    expect(facts.flatMap((file) => file.leftovers.map((text) => `${file.path}: ${text}`))).toEqual([]);
  });

  it('has no dead link in its documents', () => {
    const documents = documentsOf();
    const dead = documents.flatMap((path) => deadLinks(path, textOf(path)));
    expect(documents.length).toBeGreaterThan(5);
    expect(dead).toEqual([]);
  });

  it('names only existing tests and trials', () => {
    const named = documentsOf().flatMap((path) =>
      [...textOf(path).matchAll(/`((?:test|trials)\/[\w./-]+)`/g)].map(([, file = '']) => file),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((file) => !existsSync(resolve(ROOT, file)))).toEqual([]);
  });

  it('numbers its decisions, keeps them short and lists them all', () => {
    const index = textOf('docs/decisions/README.md');
    const records = filesUnder('docs/decisions', '.md').filter((path) => !path.endsWith('/README.md'));
    const names = records.map((path) => path.replace('docs/decisions/', ''));
    const numbers = names.map((name, position) =>
      name.startsWith(`${String(position + 1).padStart(4, '0')}-`),
    );
    expect(numbers).not.toContain(false);
    expect(names.filter((name) => !index.includes(`(${name})`))).toEqual([]);
    expect(records.filter((path) => textOf(path).split('\n').length > 41)).toEqual([]);
  });
});

function documentsOf(): string[] {
  return [...filesUnder('docs', '.md'), ...readdirSync(ROOT).filter((name) => name.endsWith('.md'))];
}

function deadLinks(path: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(
    (match) => (match[1] as string).split('#', 1)[0] as string,
  );
  const local = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
  const dead = local.filter((target) => !existsSync(resolve(ROOT, dirname(path), target)));
  return dead.map((target) => `${path}: ${target} is not there`);
}

describe('the rules', () => {
  it.each([
    ['services/login.ts', `import { seal } from '../vault/seal.js';`],
    ['services/login.ts', `import type { Store } from '../stores/contract.js';`],
    ['vault/seal.ts', `import { open } from './open.js';`],
    ['context.ts', `const load = () => import('./stores/sqlite.js');`],
    ['crypto/sealed-box.ts', `import { randomBytes } from 'node:crypto';`],
    ['main.ts', `process.exitCode = 0;`],
    ['ui/io.ts', `export const say = (stderr: Out) => stderr.write('hello');`],
    ['system/files.ts', `import * as fs from 'node:fs';`],
    ['stores/spill.ts', `import * as fs from 'node:fs';`],
    ['system/child.ts', `export const read = (child: Child) => child.stdout.on('data', take);`],
    ['ui/io.ts', `export type Out = { process: string }; const process_ = (o: Out) => o.process;`],
    ['providers/google.ts', `export const is = (name: string) => name === 'google';`],
    ['services/login.ts', `export const is = (kind: string) => kind === 'refreshed';`],
  ])('allow %s to say: %s', (path, text) => {
    expect(verdict(path, text)).toEqual([]);
  });

  it.each([
    ['vault/seal.ts', `import { login } from '../services/login.js';`, 'may not import'],
    ['vault/seal.ts', `import type { Login } from '../services/login.js';`, 'may not import'],
    ['vault/seal.ts', `export { login } from '../services/login.js';`, 'may not import'],
    ['vault/seal.ts', `export * from '../services/login.js';`, 'may not import'],
    ['vault/seal.ts', `type T = import('../services/login.js').Login;`, 'may not import'],
    ['commands/list.ts', `const load = () => import('../app.js');`, 'may not import'],
    ['vault/seal.ts', `import { parse } from '../oauth/parse.js';`, 'may not import'],
    ['services/login.ts', `import { sqlite } from '../stores/sqlite.js';`, 'only the context may'],
    ['services/login.ts', `import { type Store } from '../stores/contract.js';`, 'only the context may'],
    ['services/login.ts', `const load = () => import('../system/http.js');`, 'only the context may'],
    ['demo/server.ts', `import type { Grant } from '../oauth/contract.js';`, 'may not import'],
    ['crypto/sealed-box.ts', `import { readFileSync } from 'node:fs';`, 'imports node:fs'],
    ['stores/sqlite.ts', `import { readFileSync } from 'node:fs';`, 'imports node:fs'],
    ['services/backup.ts', `const load = () => import('node:fs/promises');`, 'imports node:fs/promises'],
    ['domain/scope.ts', `import { object } from 'valibot';`, 'imports valibot'],
    ['services/login.ts', `import { env } from 'node:process';`, 'imports node:process'],
    ['services/login.ts', `export const home = process.env['HOME'];`, 'touches process'],
    ['services/login.ts', `console.log('hello');`, 'touches console'],
    ['services/login.ts', `globalThis['process'].exit(0);`, 'touches process'],
    ['services/login.ts', `export const is = (p: { name: string }) => p.name === 'google';`, `name 'google'`],
    ['services/login.ts', `switch (name) { case 'microsoft': break; }`, `name 'microsoft'`],
    [
      'services/login.ts',
      `export const say = (host: Host) => host.stderr.write('hello');`,
      'prints to stderr',
    ],
    ['services/login.ts', `export const say = (stdout: Out) => stdout.end('hello');`, 'prints to stdout'],
    [
      'commands/list.ts',
      `export const say = (stream: In, host: Host) => stream.pipe(host.stdout);`,
      'prints to stdout',
    ],
    [
      'system/files.ts',
      `import { writeSync } from 'node:fs'; writeSync(2, 'hello');`,
      'prints to a descriptor',
    ],
    ['util/strings.ts', `export const a = 1;`, 'not in the table'],
    ['helpers.ts', `export const a = 1;`, 'not in the table'],
    ['vault/seal.ts', `// ${'TO'}${'DO'} later`, 'leaves work behind'],
  ])('forbid %s to say: %s', (path, text, complaint) => {
    const [first, ...rest] = verdict(path, text);
    expect(first).toContain(complaint);
    expect(rest[0]).toBe('each folder may import:');
  });

  it('find a circle of files once, of values or of types', () => {
    const circle = (lean: string) => [
      scan('vault/a.ts', `import { b } from './b.js';`),
      scan('vault/b.ts', `import { c } from './c.js';`),
      scan('vault/c.ts', `${lean} { a } from './a.js';`),
    ];
    for (const word of ['import', 'import type']) {
      const found = violations(circle(word), PROVIDERS).filter((line) => line.includes('circle'));
      expect(found).toEqual([
        'vault/a.ts → vault/b.ts → vault/c.ts → vault/a.ts: import each other in a circle',
      ]);
    }
  });

  it('find a dead link, and leave web addresses and anchors alone', () => {
    const text = '[a](nowhere.md) [b](README.md#part) [c](https://example.com/) [d](#here)';
    expect(deadLinks('docs/decisions/x.md', text)).toEqual(['docs/decisions/x.md: nowhere.md is not there']);
  });
});
