import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files } from './contract.js';

/*
 * The native half of better-sqlite3 sees every sealed record, and no lockfile covers it: its install script downloads or
 * builds it. Its state at the first run is recorded, so that a later change is noticed.
 */

export interface Addon {
  readonly path: string;
  /** Versions of its package, of this program and of Node's ABI: an update changes one of them. */
  readonly release: string;
  /** node-gyp leaves its configuration beside an addon that it built. */
  readonly origin: 'built' | 'downloaded' | 'packaged';
  /** Size, modification time and inode: while they are the same, so is the content. */
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
 * @param packaged whether it came with this program
 * @returns null when it cannot be read
 */
export function addonAt(
  path: string,
  versions: { readonly vault: string; readonly modules: string },
  packaged: boolean,
): Addon | null {
  const build = dirname(dirname(path));
  try {
    const { version } = JSON.parse(readFileSync(join(dirname(build), 'package.json'), 'utf8'));
    const { size, mtimeMs, ino } = statSync(path);
    return {
      path,
      release: `better-sqlite3 ${version}, token-vault ${versions.vault}, Node ABI ${versions.modules}`,
      origin: packaged ? 'packaged' : existsSync(join(build, 'config.gypi')) ? 'built' : 'downloaded',
      stamp: `${size} ${mtimeMs} ${ino}`,
    };
  } catch {
    return null;
  }
}

export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** @returns null when this addon is not recorded. @throws VaultError as `files.read` */
export function recordedAddon(file: string, path: string, files: Pick<Files, 'read'>): AddonRecord | null {
  return records(file, files)[path] ?? null;
}

/**
 * Records a new addon, or one that came with an update. One that changed without an update keeps its record, so that
 * `vault doctor` reports it.
 *
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
    // Not written by this program.
    if (failure instanceof SyntaxError) return {};
    throw failure;
  }
}
