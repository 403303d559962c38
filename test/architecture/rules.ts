import { posix } from 'node:path';
import type { Import, SourceFile } from './scan.js';

/**
 * What each folder of `src/` may import, types included; files of `src/` itself count as folders. The order is from the bottom
 * up: a folder imports only what is above it in this table. One that is not listed here fails.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'version.ts': [],
  domain: [],
  crypto: ['domain'],
  system: ['domain', 'crypto'],
  complete: [],
  providers: ['domain'],
  consumers: ['domain'],
  imports: ['domain', 'crypto'],
  keysources: ['domain', 'crypto', 'system'],
  stores: ['domain', 'crypto', 'system'],
  ui: ['domain', 'system'],
  config: ['domain', 'system', 'providers', 'keysources'],
  'complete.ts': ['domain', 'system', 'complete', 'stores'],
  oauth: ['domain', 'crypto', 'system', 'providers'],
  demo: ['domain', 'crypto', 'system'],
  mail: ['domain', 'system'],
  vault: ['domain', 'crypto', 'system', 'stores'],
  audit: ['domain', 'crypto', 'system', 'stores', 'vault'],
  access: [
    ...[
      'version.ts',
      'domain',
      'crypto',
      'system',
      'ui',
      'config',
      'providers',
      'keysources',
      'stores',
      'vault',
    ],
    'audit',
  ],
  'context.ts': [
    ...['domain', 'crypto', 'system', 'ui', 'config', 'providers', 'keysources', 'stores', 'oauth', 'vault'],
    ...['audit', 'access'],
  ],
  health: [
    ...[
      'domain',
      'system',
      'config',
      'providers',
      'keysources',
      'stores',
      'oauth',
      'vault',
      'audit',
      'access',
    ],
    'context.ts',
  ],
  services: [
    ...['version.ts', 'domain', 'crypto', 'system', 'config', 'providers', 'keysources', 'stores', 'oauth'],
    ...[
      'complete',
      'consumers',
      'imports',
      'vault',
      'audit',
      'demo',
      'mail',
      'access',
      'context.ts',
      'health',
    ],
  ],
  commands: [
    ...[
      'version.ts',
      'domain',
      'system',
      'ui',
      'config',
      'providers',
      'consumers',
      'imports',
      'keysources',
      'demo',
      'audit',
      'access',
    ],
    ...['complete', 'context.ts', 'health', 'services'],
  ],
  'refresher.ts': ['domain', 'system', 'access', 'context.ts', 'services'],
  'fast-lane.ts': ['commands'],
  'program.ts': ['version.ts', 'domain', 'ui', 'commands'],
  'main.ts': [
    ...[
      'domain',
      'system',
      'ui',
      'config',
      'access',
      'commands',
      'context.ts',
      'refresher.ts',
      'fast-lane.ts',
    ],
    'program.ts',
  ],
  'index.ts': ['domain', 'context.ts', 'services', 'main.ts'],
};

/** The outside world and what is chosen from a list: others know their types, and get their values from the context. */
const OUTER = ['system', 'providers', 'keysources', 'stores'];
const IMPORTS_OUTER = ['context.ts', 'access', 'main.ts', 'complete.ts'];

/** What whole folders may import besides this project's own files. */
const ONLY_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  crypto: ['node:crypto'],
  domain: [],
};

/** Everything else reaches the terminal through `Io`, which escapes control characters. */
const PRINTS = ['main.ts', 'refresher.ts', 'ui', 'system/keychain/helper.ts'];

/**
 * Closing any descriptor of a database file drops the locks that the process holds on it. So code that works with the
 * store reads files through `Files`, which does not open a database; marks and spill slots are files of their own.
 */
const OPENS_NO_FILES = ['stores', 'vault', 'services', 'commands', 'audit'];
const OPENS_ITS_OWN = [
  ...['stores/audit-queue.ts', 'stores/audit-queue-rest.ts', 'stores/rollback-marks.ts'],
  'stores/spill.ts',
];

/** @returns one sentence for each import, name or circle that breaks a rule, and the table when there is any */
export function violations(files: readonly SourceFile[], providerNames: readonly string[]): string[] {
  const found = [...files.flatMap((file) => ofOneFile(file, providerNames)), ...circles(files)];
  return found.length === 0 ? [] : [...found, ...tableLines()];
}

function tableLines(): string[] {
  const lines = Object.entries(MAY_IMPORT).map(([folder, allowed]) => `  ${folder}: ${allowed.join(' ')}`);
  return ['each folder may import:', ...lines];
}

function ofOneFile(file: SourceFile, providerNames: readonly string[]): string[] {
  const folder = folderOf(file.path);
  const found = file.imports.flatMap((used) => ofImport(file.path, used));
  if (MAY_IMPORT[folder] === undefined) found.push(`${file.path}: ${folder} is not in the table of folders`);
  if (file.path !== 'main.ts') found.push(...file.globals.map((name) => `${file.path}: touches ${name}`));
  if (folder !== 'providers' && folder !== 'main.ts') {
    const named = file.compared.filter((value) => providerNames.includes(value));
    found.push(...named.map((name) => `${file.path}: branches on the provider's name '${name}'`));
  }
  if (!PRINTS.includes(folder) && !PRINTS.includes(file.path))
    found.push(...file.printsTo.map((name) => `${file.path}: prints to ${name}`));
  return [...found, ...file.leftovers.map((text) => `${file.path}: leaves work behind: ${text}`)];
}

function ofImport(from: string, used: Import): string[] {
  const folder = folderOf(from);
  const target = resolve(from, used.specifier);
  if (target === null) return ofPackage(from, used.specifier);
  const other = folderOf(target);
  if (folder === other) return [];
  if (MAY_IMPORT[folder]?.includes(other) !== true)
    return [`${from}: imports ${target}, and ${folder} may not import ${other}`];
  if (
    used.lean !== 'type' &&
    OUTER.includes(other) &&
    !IMPORTS_OUTER.includes(folder) &&
    !OUTER.includes(folder)
  )
    return [`${from}: imports ${target} for its value, which only the context may`];
  return [];
}

function ofPackage(from: string, specifier: string): string[] {
  const allowed = ONLY_PACKAGES[folderOf(from)];
  const isFiles = /^(?:node:)?fs(?:\/promises)?$/.test(specifier);
  if (isFiles && OPENS_NO_FILES.includes(folderOf(from)) && !OPENS_ITS_OWN.includes(from))
    return [`${from}: imports ${specifier}`];
  if (allowed !== undefined && !allowed.includes(specifier)) return [`${from}: imports ${specifier}`];
  const isProcess = /^(?:node:)?(?:process|console)$/.test(specifier);
  return isProcess && from !== 'main.ts' ? [`${from}: imports ${specifier}`] : [];
}

/** Files that import each other in a circle, by types or values; each circle once. Folders have none: the table has none. */
function circles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => {
      const targets = file.imports.map((used) => resolve(file.path, used.specifier));
      return [file.path, targets.filter((target) => target !== null)];
    }),
  );
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const circle = trail.slice(start);
      const first = circle.indexOf([...circle].sort()[0] as string);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.add(`${[...turned, turned[0]].join(' → ')}: import each other in a circle`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return [...found];
}

/** @returns the path of the imported file relative to `src/`; null for a package */
function resolve(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function folderOf(path: string): string {
  return path.split('/', 1)[0] as string;
}
