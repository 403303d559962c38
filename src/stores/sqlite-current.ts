import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';

/** `tkvt`, for this program and file(1). */
export const APPLICATION_ID = 0x746b7674;

/** The number of migrations, and the SHA-256 of what {@link isCurrent} reads after the last one. */
export const SCHEMA_VERSION = 1;
const SCHEMA_DIGEST = '8beb8ecd28f61671096647ce961fe785d6a5319896080ae19f60569b83873b05';

/**
 * Whether a database has the whole schema of this version and nothing else. If it has not, `migrate` upgrades it or reports why
 * it cannot.
 */
export function isCurrent(database: Database): boolean {
  if (applicationId(database) !== APPLICATION_ID || schemaVersion(database) !== SCHEMA_VERSION) return false;
  const entries = database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name')
    .raw()
    .all();
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex') === SCHEMA_DIGEST;
}

export function applicationId(database: Database): number {
  return Number(database.pragma('application_id', { simple: true }));
}

export function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}
