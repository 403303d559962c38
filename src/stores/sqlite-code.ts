/** The extended result code, for example `SQLITE_BUSY_SNAPSHOT`; empty for other failures. */
export function sqliteCode(failure: unknown): string {
  return failure instanceof Error && failure.name === 'SqliteError' && 'code' in failure
    ? String(failure.code)
    : '';
}

/** Whether another process is writing. */
export function isBusy(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED') || code === 'SQLITE_PROTOCOL';
}

/** Whether a name or an identity is taken. */
export function isTaken(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
