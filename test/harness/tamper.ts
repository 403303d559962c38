import SqliteDatabase, { type Database } from 'better-sqlite3';

/**
 * Changes a database as somebody with another program would, who does not care what belongs together.
 *
 * @param work SQL, or what is done with the open database
 */
export function tamper(path: string, work: string | ((database: Database) => void)): void {
  const database = new SqliteDatabase(path);
  try {
    database.pragma('foreign_keys = OFF');
    if (typeof work === 'string') database.exec(work);
    else work(database);
  } finally {
    database.close();
  }
}
