import { lstatSync } from 'node:fs';

/**
 * Tells a file from another one that has taken its place, by metadata alone. The time of its birth is part of it, since the
 * number of a removed file is soon given to a new one.
 *
 * @returns null when nothing is there, or it cannot be looked at
 */
export function fileIdentity(path: string): string | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
  } catch {
    return null;
  }
}

/**
 * When a file was made, in nanoseconds since 1970. `certain` is false where it is the time of the last change, which Node gives
 * instead on systems that do not tell; a file that was only just made looks the same.
 *
 * @returns null when nothing is there, or its file system keeps no such time (NFS, many mounts of other machines' folders)
 */
export function fileBirth(path: string): { readonly at: bigint; readonly certain: boolean } | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    if (stats === undefined || stats.birthtimeNs <= 0n) return null;
    return { at: stats.birthtimeNs, certain: stats.birthtimeNs !== stats.ctimeNs };
  } catch {
    return null;
  }
}
