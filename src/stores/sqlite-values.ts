import { FROM_BACKUP, VaultError } from '../domain/errors.js';

/** What may stand in a column; `?` allows null. */
export type ColumnKind = 'text' | 'text?' | 'integer' | 'integer?' | 'bytes' | 'bytes?';

export type ColumnKinds = Readonly<Record<string, ColumnKind>>;

/**
 * Checks that every column holds what its kind says. STRICT tables see to that when rows are written; a damaged page
 * is read back as anything.
 *
 * @throws VaultError `vault_damaged`
 */
export function checkRow(table: string, row: object, kinds: ColumnKinds): void {
  for (const column in kinds) {
    const value = (row as Readonly<Record<string, unknown>>)[column];
    if (!fits(value, kinds[column])) throw damagedRow(table, column);
  }
}

/** The same for values in the order of their columns. @throws VaultError `vault_damaged` */
export function checkValues(
  table: string,
  columns: readonly string[],
  kinds: readonly ColumnKind[],
  values: readonly unknown[],
): void {
  for (let index = 0; index < kinds.length; index += 1) {
    if (!fits(values[index], kinds[index])) throw damagedRow(table, columns[index] ?? '');
  }
}

function fits(value: unknown, kind: ColumnKind | undefined): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'text?':
      return value === null || typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'integer?':
      return value === null || Number.isSafeInteger(value);
    case 'bytes':
      return value instanceof Uint8Array;
    default:
      return value === null || value instanceof Uint8Array;
  }
}

export function damagedRow(table: string, column: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault is damaged: table ${table}, column ${column} holds what was never written there`,
    { hint: FROM_BACKUP },
  );
}
