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

/** Changes rows and leaves an index as it was, so that it leads to other rows than it says, or to none. */
export function tamperBehindIndex(path: string, index: string, work: string): void {
  tamper(path, (database) => {
    const find = database.prepare('SELECT * FROM sqlite_schema WHERE name = ?');
    const entry = find.get(index) as Record<string, unknown>;
    database.unsafeMode(true).pragma('writable_schema = ON');
    database.prepare('DELETE FROM sqlite_schema WHERE name = ?').run(index);
    tamper(path, work);
    database
      .prepare('INSERT INTO sqlite_schema VALUES (@type, @name, @tbl_name, @rootpage, @sql)')
      .run(entry);
  });
}
