import { dirname, join } from 'node:path';
import type { Finding } from '../domain/finding.js';
import { count, fine, problem, skipped, warning } from '../domain/finding.js';
import type { Seen } from '../system/files/look.js';
import type { Check, HealthDeps } from './contract.js';

const OTHERS = 0o077;
const WRITABLE_BY_ALL = 0o002;
const WRITABLE_BY_GROUP = 0o020;
const STICKY = 0o1000;
const ROOT = 0;

/** A place of the vault's own, and what must stand there. */
interface Place {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Whether commands write to it. */
  readonly written: boolean;
}

/** Owner, mode and kind of every file and folder of the vault, and who else could put another in its place. */
export const permissions: Check = {
  name: 'permissions',
  title: 'permissions',
  group: 'vault',
  async run(deps) {
    const { uid, look } = deps;
    if (uid === undefined) return [skipped('on Windows the folder’s own access list decides')];
    const places = [...fixedPlaces(deps), ...(await keyFiles(deps)), ...listedPlaces(deps)];
    const present = places.flatMap((place) => {
      const seen = look.at(place.path);
      return seen === null ? [] : [{ place, seen }];
    });
    const findings = [
      ...present.flatMap(({ place, seen }) => judge(place, seen, uid, deps)),
      ...parentsOf(present.map(({ place }) => place)).flatMap((folder) => judgeParent(folder, uid, deps)),
    ];
    if (findings.length > 0) return findings;
    if (present.length === 0) return [skipped('there is no file of a vault yet')];
    return [fine(`${count(present.length, 'file')} and folders are yours alone`)];
  },
};

function fixedPlaces({ paths, envFile }: HealthDeps): Place[] {
  const { data, config, state, locks, marks } = paths;
  const folders = new Set([data, config, state, locks, marks, join(data, 'spill')]);
  const written = [paths.database, `${paths.database}-journal`, paths.securityLog];
  return [
    ...[...folders].map((path): Place => ({ path, kind: 'folder', written: true })),
    ...written.map((path): Place => ({ path, kind: 'file', written: true })),
    { path: paths.configFile, kind: 'file', written: false },
    { path: envFile, kind: 'file', written: false },
  ];
}

async function keyFiles({ keySources, paths }: HealthDeps): Promise<Place[]> {
  const sources = await keySources().catch(() => []);
  const files = new Set([paths.keyFile, ...sources.flatMap(({ source }) => source.path ?? [])]);
  return [...files].map((path) => ({ path, kind: 'file', written: false }));
}

/** Lock databases, marks, answers that wait, and older logs. */
function listedPlaces({ paths, look }: HealthDeps): Place[] {
  const under = (folder: string, fits: (name: string) => boolean) =>
    look
      .names(folder)
      .filter(fits)
      .map((name): Place => ({ path: join(folder, name), kind: 'file', written: true }));
  return [
    ...under(paths.locks, () => true),
    ...under(paths.marks, () => true),
    ...under(join(paths.data, 'spill'), () => true),
    ...under(paths.state, (name) => /^security\.log\.\d+$/.test(name)),
  ];
}

function judge({ path, kind, written }: Place, seen: Seen, uid: number, deps: HealthDeps): Finding[] {
  const shown = deps.commands.quoted(path);
  const unsafe = (message: string, remedy: string) => [problem('vault_permissions', message, remedy)];
  if (seen.kind !== kind) {
    const what =
      seen.kind === 'link' ? 'a symbolic link' : `no ${kind === 'file' ? 'regular file' : 'folder'}`;
    return unsafe(`${path} is ${what}, and the vault does not follow it`, `ls -ld ${shown}`);
  }
  if (seen.uid !== uid) {
    return unsafe(`${path} belongs to another user (id ${seen.uid})`, `sudo chown ${uid} ${shown}`);
  }
  if (kind === 'file' && seen.links > 1) {
    return unsafe(`${path} has a second name (a hard link)`, `find / -samefile ${shown} 2>/dev/null`);
  }
  if ((seen.mode & OTHERS) !== 0) {
    const mode = kind === 'file' ? '600' : '700';
    return unsafe(`${path} is open to other users (mode ${octal(seen.mode)})`, `chmod ${mode} ${shown}`);
  }
  if (written && !deps.look.may('write', path)) return [problem('vault_not_writable', ...notWritable())];
  return [];

  function notWritable(): readonly [message: string, remedy: string] {
    const usual = kind === 'file' ? '600' : '700';
    if (octal(seen.mode) !== usual) return [`${path} cannot be written`, `chmod ${usual} ${shown}`];
    const onLinux = deps.platform === 'linux';
    return [
      `${path} cannot be written, though its mode allows it: the file system is read-only, or protects it`,
      onLinux ? `findmnt -T ${shown}; lsattr -d ${shown}` : `ls -lOd ${shown}; mount`,
    ];
  }
}

/** Every folder above the vault's own, links followed: whoever may write there can put another folder in its place. */
function parentsOf(places: readonly Place[]): string[] {
  const own = new Set(places.filter(({ kind }) => kind === 'folder').map(({ path }) => path));
  const parents = new Set<string>();
  for (const { path } of places) {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if (!own.has(folder)) parents.add(folder);
      if (folder === dirname(folder)) break;
    }
  }
  return [...parents];
}

function judgeParent(folder: string, uid: number, { look, commands }: HealthDeps): Finding[] {
  const real = look.real(folder);
  const seen = real === null ? null : look.at(real);
  if (real === null || seen === null) return [];
  const shown = commands.quoted(real);
  const replaced = 'who could put other files in the place of the vault’s';
  if ((seen.mode & STICKY) !== 0) return [];
  if ((seen.mode & WRITABLE_BY_ALL) !== 0) {
    const message = `${real} can be written by every user, ${replaced}`;
    return [problem('vault_permissions', message, `chmod o-w ${shown}`)];
  }
  if ((seen.mode & WRITABLE_BY_GROUP) !== 0) {
    return [warning(`${real} can be written by its group, ${replaced}`, `chmod g-w ${shown}`)];
  }
  if (seen.uid !== uid && seen.uid !== ROOT) {
    return [warning(`${real} belongs to another user (id ${seen.uid}), ${replaced}`, `ls -ld ${shown}`)];
  }
  return [];
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
