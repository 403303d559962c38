import { dirname, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped } from '../domain/finding.js';
import { count } from '../domain/wording.js';
import type { Seen } from '../system/files/read-only.js';
import type { Check, HealthDeps } from './contract.js';

const OTHERS = 0o077;

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
      ...judgeWays(outside(places), deps),
      ...refused(deps.refuseUnsafeSocket),
    ];
    if (findings.length > 0) return findings;
    if (present.length === 0) return [skipped('there is no file of a vault yet')];
    return [fine(`${count(present.length, 'file')} and folders are yours alone`)];
  },
};

function fixedPlaces({ paths, envFile }: HealthDeps): Place[] {
  const { data, config, state, locks, marks } = paths;
  const folders = new Set([data, config, state, locks, marks, join(data, 'spill'), join(state, 'audit')]);
  const beside = ['-journal', '-wal', '-shm'].map((end) => `${paths.database}${end}`);
  const written = [paths.database, ...beside, paths.securityLog];
  return [
    ...[...folders].map((path): Place => ({ path, kind: 'folder', written: true })),
    ...written.map((path): Place => ({ path, kind: 'file', written: true })),
    { path: paths.configFile, kind: 'file', written: false },
    { path: envFile, kind: 'file', written: false },
    { path: paths.machineFile, kind: 'file', written: false },
  ];
}

async function keyFiles({ keySources, paths }: HealthDeps): Promise<Place[]> {
  const sources = await keySources().catch(() => []);
  const files = new Set([paths.keyFile, ...sources.flatMap(({ source }) => source.path ?? [])]);
  return [...files].map((path) => ({ path, kind: 'file', written: false }));
}

/** Lock databases, marks, answers and events that wait, and older logs. */
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
    ...under(join(paths.state, 'audit'), () => true),
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

/** The folders to which a way leads that is not the vault's own; its own folders are judged by themselves. */
function outside(places: readonly Place[]): string[] {
  const own = new Set(places.filter(({ kind }) => kind === 'folder').map(({ path }) => path));
  return [...new Set(places.map(({ path }) => dirname(path)))].filter((folder) => !own.has(folder));
}

/** What every other command would refuse. */
function judgeWays(folders: readonly string[], { assertTrustedPath }: HealthDeps): Finding[] {
  const found = folders.flatMap((folder) => refused(() => assertTrustedPath(folder)));
  // Several ways may lead through the same folder.
  return [...new Map(found.map((finding) => [finding.message, finding])).values()];
}

function refused(look: () => void): Finding[] {
  try {
    look();
    return [];
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return [problemOf(failure)];
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
