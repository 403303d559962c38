import { dirname, join } from 'node:path';
import { type Finding, fine, orProblem, problem, skipped } from '../domain/finding.js';
import { quoted } from '../domain/safe-text.js';
import { count } from '../domain/wording.js';
import type { PathInfo } from '../system/files/read-only.js';
import type { Check, HealthContext } from './contract.js';

const OTHERS = 0o077;

/** A path of the vault, and what must be there. */
interface Place {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Whether commands write to it. */
  readonly written: boolean;
}

/** Owner, mode and kind of every file and folder of the vault, and whether other users could replace them. */
export const permissions: Check = {
  name: 'permissions',
  title: 'permissions',
  group: 'vault',
  async run(ctx) {
    const { fs, host } = ctx;
    const { uid } = host;
    if (uid === undefined) return [skipped('not checked: on Windows the access list of the folder decides')];
    const places = [...fixedPlaces(ctx), ...(await keyFiles(ctx)), ...listedPlaces(ctx)];
    const present = places.flatMap((place) => {
      const seen = fs.info(place.path);
      return seen === null ? [] : [{ place, seen }];
    });
    const findings = [
      ...present.flatMap(({ place, seen }) => judge(place, seen, uid, ctx)),
      ...untrustedPaths(parentsOf(places), ctx),
      ...[unlessFine(ctx.assertPrivateSocket)].flat(),
    ];
    if (findings.length > 0) return findings;
    if (present.length === 0) return [skipped('there are no files of a vault yet')];
    return [fine(`only you can access the ${count(present.length, 'file')} and folders of the vault`)];
  },
};

function fixedPlaces({ paths, envFile }: HealthContext): Place[] {
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

async function keyFiles({ keySources, paths }: HealthContext): Promise<Place[]> {
  const sources = await keySources().catch(() => []);
  const files = new Set([paths.keyFile, ...sources.flatMap(({ source }) => source.path ?? [])]);
  return [...files].map((path) => ({ path, kind: 'file', written: false }));
}

/** Lock databases, rollback marks, spill slots, queued events, and older logs. */
function listedPlaces({ paths, fs }: HealthContext): Place[] {
  const under = (folder: string, fits: (name: string) => boolean) =>
    fs
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

function judge({ path, kind, written }: Place, seen: PathInfo, uid: number, ctx: HealthContext): Finding[] {
  const shown = quoted(path);
  const unsafe = (message: string, remedy: string) => [problem('vault_permissions', message, remedy)];
  if (seen.kind !== kind) {
    const what =
      seen.kind === 'link' ? 'a symbolic link' : `not a ${kind === 'file' ? 'regular file' : 'folder'}`;
    return unsafe(`${path} is ${what}, which is refused`, `ls -ld ${shown}`);
  }
  if (seen.uid !== uid) {
    return unsafe(`${path} belongs to another user (id ${seen.uid})`, `sudo chown ${uid} ${shown}`);
  }
  if (kind === 'file' && seen.links > 1) {
    return unsafe(`${path} has a second name (a hard link)`, `find / -samefile ${shown} 2>/dev/null`);
  }
  if ((seen.mode & OTHERS) !== 0) {
    const mode = kind === 'file' ? '600' : '700';
    return unsafe(`other users can access ${path} (mode ${octal(seen.mode)})`, `chmod ${mode} ${shown}`);
  }
  if (written && !ctx.fs.may('write', path)) return [problem('vault_not_writable', ...notWritable())];
  return [];

  function notWritable(): readonly [message: string, remedy: string] {
    const usual = kind === 'file' ? '600' : '700';
    if (octal(seen.mode) !== usual) return [`${path} is not writable`, `chmod ${usual} ${shown}`];
    const onLinux = ctx.host.platform === 'linux';
    return [
      `${path} is not writable although its mode allows it: the file system is read-only or the file is immutable`,
      onLinux ? `findmnt -T ${shown}; lsattr -d ${shown}` : `ls -lOd ${shown}; mount`,
    ];
  }
}

/** Parent folders that are not the vault's own. */
function parentsOf(places: readonly Place[]): string[] {
  const own = new Set(places.filter(({ kind }) => kind === 'folder').map(({ path }) => path));
  return [...new Set(places.map(({ path }) => dirname(path)))].filter((folder) => !own.has(folder));
}

/** Refused by every command as well. */
function untrustedPaths(folders: readonly string[], { assertTrustedPath }: HealthContext): Finding[] {
  const found = folders.flatMap((folder) => unlessFine(() => assertTrustedPath(folder)));
  // Several paths may share a folder.
  return [...new Map(found.map((finding) => [finding.message, finding])).values()];
}

const unlessFine = (check: () => void) =>
  orProblem(() => {
    check();
    return [];
  });

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}
