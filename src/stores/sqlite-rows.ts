import { ACCOUNT_STATUSES, type Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { fromBackup } from '../domain/hints.js';
import type { AccountRef, SealedAccount, SealedFields } from './contract.js';
import type { Connection } from './sqlite-connection.js';

/** A column's type; `?` allows null. `scopes` is text, split at spaces; `flag` is 0 or 1 and computed, never written. */
export type Kind =
  | ('text' | 'text?' | 'integer' | 'integer?' | 'bytes' | 'bytes?' | 'scopes' | 'flag')
  | RegExp
  | readonly string[];

/** Reads and writes rows as objects. Each property is a column: `createdAt` is `created_at`. */
export interface Table<Row> {
  /** What to SELECT for {@link Table.from}. */
  readonly list: string;
  /** The columns that {@link Table.parameters} gives values for. */
  readonly written: readonly string[];
  /** Statements with the named parameters of {@link Table.parameters}. */
  readonly insert: string;
  readonly replace: string;
  /**
   * Checks every value: STRICT tables check what is written, but a damaged page can be read back as anything.
   *
   * @param start where the values of this table begin
   * @throws VaultError `vault_damaged`
   */
  from(values: readonly unknown[], start?: number): Row;
  /** SQL: the values as a JSON array, for {@link Table.fromJson}. Not for tables with bytes, which JSON cannot hold. */
  readonly json: string;
  fromJson(text: string): Row;
  readonly stored: readonly (readonly [column: string, kind: Kind])[];
  /** Named by column. */
  parameters(row: Row): Record<string, unknown>;
  /** Reads all rows. @param rest of the SELECT, after the table's name */
  all(connection: Connection, rest: string, ...bound: unknown[]): Row[];
  one(connection: Connection, rest: string, ...bound: unknown[]): Row | null;
}

/** @param computed SQL for properties that are not a column of their own name */
export function table<Row extends object>(
  name: string,
  kinds: Readonly<Record<keyof Row & string, Kind>>,
  computed: { readonly [Property in keyof Row]?: string } = {},
): Table<Row> {
  const properties = Object.keys(kinds) as (keyof Row & string)[];
  const kindOf = properties.map((property): Kind => kinds[property]);
  const columns = properties.map((property) => property.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
  const list = properties.map((property, index) => computed[property] ?? columns[index]).join(', ');
  const stored = properties.filter((property) => kinds[property] !== 'flag');
  const written = columns.filter((_, index) => kindOf[index] !== 'flag');
  const empty = Object.fromEntries(properties.map((property) => [property, null as unknown]));

  // Copies an object that has all properties, and calls no function per column. This halves the time for a list of ten thousand
  // accounts.
  function from(values: readonly unknown[], start = 0): Row {
    const row = { ...empty };
    for (let index = 0; index < properties.length; index += 1) {
      const value = read(kindOf[index] as Kind, values[start + index]);
      if (value === undefined) throw damagedRow(name, columns[index] ?? '');
      row[properties[index] as string] = value;
    }
    return row as Row;
  }

  const json = `json_array(${list})`;
  const fromJson = (text: string) => from(JSON.parse(text) as unknown[]);
  const hasBytes = kindOf.some((kind) => kind === 'bytes' || kind === 'bytes?');

  // Arrays, because making an object by column takes SQLite's library most of the time of a long list.
  const select = ({ prepare }: Connection, rest: string) =>
    prepare<unknown[]>(`SELECT ${list} FROM ${name} ${rest}`).raw();

  // One value a row, because each takes longer on its way from SQLite than JSON takes to be written and parsed.
  function all(connection: Connection, rest: string, bound: readonly unknown[]): Row[] {
    if (hasBytes)
      return select(connection, rest)
        .all(...bound)
        .map((values) => from(values));
    const texts = connection.prepare<string>(`SELECT ${json} FROM ${name} ${rest}`).pluck();
    return texts.all(...bound).map(fromJson);
  }

  const into = `INTO ${name} (${written.join(', ')}) VALUES (${written.map((column) => `@${column}`).join(', ')})`;

  return {
    list,
    written,
    insert: `INSERT ${into}`,
    replace: `INSERT OR REPLACE ${into}`,
    from,
    json,
    fromJson,
    stored: stored.map((property, index) => [written[index] ?? '', kinds[property]]),
    parameters: (row) =>
      Object.fromEntries(
        stored.map((property, index) => {
          const value = row[property];
          return [written[index], Array.isArray(value) ? value.join(' ') : value];
        }),
      ),
    all: (connection, rest, ...bound) => all(connection, rest, bound),
    one(connection, rest, ...bound) {
      const values = select(connection, rest).get(...bound);
      return values === undefined ? null : from(values);
    },
  };
}

/** @returns undefined when a value is not of its kind */
function read(kind: Kind, value: unknown): unknown {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'text?':
      return value === null || typeof value === 'string' ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'integer?':
      return value === null || Number.isSafeInteger(value) ? value : undefined;
    case 'bytes':
      return value instanceof Uint8Array ? value : undefined;
    case 'bytes?':
      return value === null || value instanceof Uint8Array ? value : undefined;
    case 'scopes':
      if (typeof value !== 'string') return undefined;
      return value === '' ? [] : value.split(' ');
    case 'flag':
      return value === 1;
    default:
      if (typeof value !== 'string') return undefined;
      return (kind instanceof RegExp ? kind.test(value) : kind.includes(value)) ? value : undefined;
  }
}

export function damagedRow(table: string, column: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault is damaged: invalid value in table ${table}, column ${column}`,
    {
      hint: fromBackup(),
    },
  );
}

/** The id is a UUID, and a part of file names. */
const REF = { id: /^[A-Za-z0-9-]{1,64}$/, provider: 'text', label: 'text' } as const;
export const ACCOUNT_REFS = table<AccountRef>('accounts', REF);

export const ACCOUNTS = table<Account>(
  'accounts',
  {
    ...REF,
    issuer: 'text',
    subjectDigest: 'text',
    tokenEndpoint: 'text',
    clientId: 'text',
    generation: 'integer',
    status: ACCOUNT_STATUSES,
    reason: 'text?',
    askedScopes: 'scopes',
    grantedScopes: 'scopes',
    tokenType: 'text',
    issuedAt: 'integer',
    expiresAt: 'integer?',
    grantExpiresAt: 'integer?',
    lastRefreshAt: 'integer?',
    lastError: 'text?',
    failures: 'integer',
    retryAt: 'integer?',
    createdAt: 'integer',
    updatedAt: 'integer',
    hasRefreshToken: 'flag',
    idTokenExpiresAt: 'integer?',
  },
  { hasRefreshToken: 'refresh_token IS NOT NULL' },
);

export const SEALED_FIELDS = table<SealedFields>('accounts', {
  accessToken: 'bytes?',
  refreshToken: 'bytes?',
  identity: 'bytes',
  idToken: 'bytes?',
});

const ACCOUNT_VALUES = ACCOUNTS.list.split(', ').length;

/** The values of {@link ACCOUNTS}, then those of {@link SEALED_FIELDS}. */
export function toSealedAccount(values: readonly unknown[]): SealedAccount {
  return { ...ACCOUNTS.from(values), sealed: SEALED_FIELDS.from(values, ACCOUNT_VALUES) };
}
