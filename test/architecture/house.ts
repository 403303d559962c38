import { posix } from 'node:path';
import type { Import, SourceFile } from './scan.js';

/**
 * The house from the ground up. A room may lean on the rooms of lower floors; on one of its own floor, and on
 * members of an axis, by their types alone. A file or folder that is not listed here belongs to no room and fails.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['domain', 'crypto', 'version.ts'],
  ['system', 'providers', 'keysources', 'stores'],
  ['ui', 'config', 'audit', 'oauth', 'vault', 'demo'],
  ['access'],
  ['context.ts'],
  ['services', 'health'],
  ['commands'],
  ['wiring'],
  ['app.ts'],
  ['refresher.ts'],
  ['fast-lane.ts'],
  ['program.ts'],
  ['main.ts'],
  ['index.ts'],
];

/** `app.ts`, and what it is too large to hold itself. */
const WIRING = ['app.ts', 'context.ts', 'wiring', 'access'];

/** What is chosen and put in by `app.ts`; everyone else knows its contract and no more. */
const WIRED = ['system', 'providers', 'keysources', 'stores', 'health', 'demo'];

/** Both ends of a wire: a mistake in shared code would agree with itself. */
const STRANGERS: readonly (readonly [string, string])[] = [
  ['demo', 'oauth'],
  ['oauth', 'demo'],
];

/** What whole rooms may import besides this project's own files. */
const ONLY_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  crypto: ['node:crypto'],
  domain: [],
};

/** One way to print: a person's terminal is reached through `Io`, where everything is made harmless first. */
const PRINTS = ['main.ts', 'refresher.ts', 'ui', 'wiring'];

/**
 * Closing any descriptor of a database file drops the locks that the process holds on it. So whoever works with the
 * store looks at files through `Files`, which does not open a database; marks and spills are files of their own.
 */
const OPENS_NO_FILES = ['stores', 'vault', 'services', 'commands', 'audit'];
const OPENS_ITS_OWN = ['stores/audit-queue.ts', 'stores/rollback-marks.ts', 'stores/spill.ts'];

export const MAX_LINES = 400;

/** @returns one sentence for each thing that is not as the house is built */
export function violations(files: readonly SourceFile[], providerNames: readonly string[]): string[] {
  return [...files.flatMap((file) => ofOneFile(file, providerNames)), ...cycles(files)];
}

function ofOneFile(file: SourceFile, providerNames: readonly string[]): string[] {
  const room = roomOf(file.path);
  const found = file.imports.flatMap((used) => ofImport(file.path, used));
  if (floorOf(room) === -1) found.push(`${file.path}: ${room} is no room of this house`);
  if (file.lines > MAX_LINES) found.push(`${file.path}: has ${file.lines} lines`);
  if (file.path !== 'main.ts') found.push(...file.globals.map((name) => `${file.path}: touches ${name}`));
  if (room !== 'providers' && room !== 'main.ts') {
    const named = file.compared.filter((value) => providerNames.includes(value));
    found.push(...named.map((name) => `${file.path}: branches on the provider's name '${name}'`));
  }
  if (!PRINTS.includes(room)) found.push(...file.printsTo.map((name) => `${file.path}: prints to ${name}`));
  return [...found, ...file.leftovers.map((text) => `${file.path}: leaves work behind: ${text}`)];
}

/** What still goes against a rule; the list only gets shorter. */
const EXCEPTIONS: readonly string[] = ['context.ts', 'access/addon.ts'];

function ofImport(from: string, used: Import): string[] {
  const room = roomOf(from);
  const target = resolve(from, used.specifier);
  if (target === null) return ofPackage(from, used.specifier);
  const other = roomOf(target);
  if (room === other) return [];
  const says = `${from}: imports ${target}`;
  if (STRANGERS.some(([a, b]) => a === room && b === other)) return [`${says}, which it must not know`];
  if (floorOf(other) > floorOf(room) && !EXCEPTIONS.includes(from)) return [`${says}, which is above it`];
  if (used.lean === 'type') return [];
  if (WIRED.includes(other) && !WIRING.includes(room))
    return [`${says} for its value, which only app.ts may`];
  if (floorOf(other) === floorOf(room)) return [`${says}, which is its neighbour, for its value`];
  return [];
}

function ofPackage(from: string, specifier: string): string[] {
  const allowed = ONLY_PACKAGES[roomOf(from)];
  const isFiles = /^(?:node:)?fs(?:\/promises)?$/.test(specifier);
  if (isFiles && OPENS_NO_FILES.includes(roomOf(from)) && !OPENS_ITS_OWN.includes(from))
    return [`${from}: imports ${specifier}`];
  if (allowed !== undefined && !allowed.includes(specifier)) return [`${from}: imports ${specifier}`];
  const isProcess = /^(?:node:)?(?:process|console)$/.test(specifier);
  return isProcess && from !== 'main.ts' ? [`${from}: imports ${specifier}`] : [];
}

/** Files that load each other in a circle, each circle told once. Types alone make no circle: they are gone at run time. */
function cycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => {
      const loaded = file.imports.filter((used) => used.lean !== 'type');
      const targets = loaded.map((used) => resolve(file.path, used.specifier));
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
      found.add(`${[...turned, turned[0]].join(' → ')}: load each other in a circle`);
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

function roomOf(path: string): string {
  return path.split('/', 1)[0] as string;
}

function floorOf(room: string): number {
  return FLOORS.findIndex((floor) => floor.includes(room));
}
