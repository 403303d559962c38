import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files } from './contract.js';

/*
 * The native half of better-sqlite3 sees every sealed record, and no lockfile covers it: the install script of that package
 * downloads it, or builds it. What it was when this program first ran is recorded, so that a later change can be noticed.
 */

/** A native addon as it is. */
export interface Addon {
  readonly path: string;
  /** Of the package it belongs to, of this program, and of Node's binary interface: an update changes one of them. */
  readonly release: string;
  /** `built` from source by node-gyp, which leaves its configuration beside it, or `downloaded` ready-made. */
  readonly origin: 'built' | 'downloaded';
  /** Size, time of change and inode: while they stay, the content is taken to be the same. */
  readonly stamp: string;
}

export interface AddonRecord extends Omit<Addon, 'path'> {
  /** In hex. */
  readonly sha256: string;
  /** RFC 3339. */
  readonly recordedAt: string;
}

type Records = Readonly<Record<string, AddonRecord>>;

const LIMIT = 256 * 1024;

/**
 * @param path of the addon, in `build/Release` of its package
 * @param versions of this program, and of Node's binary interface
 * @returns null where it cannot be looked at
 */
export function addonAt(
  path: string,
  versions: { readonly vault: string; readonly modules: string },
): Addon | null {
  const build = dirname(dirname(path));
  try {
    const { version } = JSON.parse(readFileSync(join(dirname(build), 'package.json'), 'utf8'));
    const { size, mtimeMs, ino } = statSync(path);
    return {
      path,
      release: `better-sqlite3 ${version}, token-vault ${versions.vault}, Node ABI ${versions.modules}`,
      origin: existsSync(join(build, 'config.gypi')) ? 'built' : 'downloaded',
      stamp: `${size} ${mtimeMs} ${ino}`,
    };
  } catch {
    return null;
  }
}

/** The SHA-256 of a file, in hex. */
export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** @returns null where this addon was not recorded. @throws VaultError as `files.read` */
export function recordedAddon(file: string, path: string, files: Pick<Files, 'read'>): AddonRecord | null {
  return records(file, files)[path] ?? null;
}

/**
 * Records an addon that was not known, or that came with an update. One that changed without an update stays recorded as
 * it was, for `vault doctor` to tell.
 *
 * @param now milliseconds since the epoch
 * @throws VaultError `vault_not_writable`, `vault_permissions`
 */
export function recordAddon(file: string, { path, ...addon }: Addon, files: Files, now: number): void {
  const all = records(file, files);
  const known = all[path];
  const sameRelease = known?.release === addon.release;
  if (sameRelease && known.stamp === addon.stamp) return;
  const sha256 = sha256Of(path);
  if (sameRelease && known.sha256 !== sha256) return;
  const recordedAt = sameRelease ? known.recordedAt : new Date(now).toISOString();
  const kept = Object.entries(all).filter(([other]) => existsSync(other));
  const after = Object.fromEntries([...kept, [path, { ...addon, sha256, recordedAt }]]);
  files.ensureFolder(dirname(file));
  files.replace(file, Buffer.from(`${JSON.stringify(after, null, 2)}\n`, 'utf8'));
}

function records(file: string, files: Pick<Files, 'read'>): Records {
  try {
    return JSON.parse(files.read(file, LIMIT)?.toString('utf8') ?? '{}');
  } catch (failure) {
    // What was not written by this program tells nothing.
    if (failure instanceof SyntaxError) return {};
    throw failure;
  }
}
