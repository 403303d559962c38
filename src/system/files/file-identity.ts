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
