import SqliteDatabase, { type Database } from 'better-sqlite3';

/* What somebody who has the files of a vault, and no key, can make of its parts: every part put in the place of every other. */

/** A sealed value in a database: one field of an account, a wrapped key, or the ledger. */
export interface Sealed {
  readonly name: string;
  readonly table: 'accounts' | 'keys' | 'ledger';
  readonly column: string;
  readonly row: number;
  readonly bytes: Buffer;
}

/** One way of working on a vault. */
export interface Move {
  readonly name: string;
  work(database: Database): void;
}

/** Longer ones are whole; NIST SP 800-38D allows tags of 4 bytes and more, which Node would verify if it were let. */
const SHORT_TAGS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const TAG_BYTES = 16;
const NONCE = [4, 16] as const;

const BOUND: Readonly<Record<string, string | number>> = {
  provider: 'demo2',
  label: 'mallory',
  issuer: 'https://evil.example',
  token_endpoint: 'https://evil.example/token',
  client_id: 'another-client',
  subject_digest: 'ab'.repeat(32),
  generation: 7,
  token_type: 'Mac',
  issued_at: 1,
  expires_at: 4_000_000_000_000,
  grant_expires_at: 4_000_000_000_000,
  granted_scopes: 'openid notes.read notes.write',
};

export function sealedParts(path: string): readonly Sealed[] {
  const database = new SqliteDatabase(path, { readonly: true });
  const read = (table: Sealed['table'], columns: readonly string[], naming: string) =>
    columns.flatMap((column) =>
      (
        database
          .prepare(`SELECT rowid AS row, ${naming} AS name, ${column} AS bytes FROM ${table}`)
          .all() as {
          row: number;
          name: string;
          bytes: Buffer | null;
        }[]
      ).flatMap(({ row, name, bytes }) =>
        bytes === null ? [] : [{ name: `${column} of ${name}`, table, column, row, bytes }],
      ),
    );
  const parts = [
    ...read('accounts', ['access_token', 'refresh_token', 'identity'], 'label'),
    ...read('keys', ['wrapped'], 'purpose'),
    ...read('ledger', ['sealed'], "'the ledger'"),
  ];
  database.close();
  return parts;
}

/**
 * @param parts of the vault itself
 * @param others of other vaults, and of the same one at another time, by where they come from
 */
export function movesOf(
  parts: readonly Sealed[],
  others: Readonly<Record<string, readonly Sealed[]>>,
): readonly Move[] {
  const sources = [
    ...parts.map((part) => ({ part, from: '' })),
    ...Object.entries(others).flatMap(([from, theirs]) => theirs.map((part) => ({ part, from: ` ${from}` }))),
  ];
  return parts.flatMap((target) => [
    ...sources
      .filter(({ part }) => !part.bytes.equals(target.bytes))
      .map(({ part, from }) => replaced(target, part.bytes, `holds the ${part.name}${from}`)),
    ...parts.filter((other) => other.name > target.name).map((other) => exchanged(target, other)),
    ...parts.filter((other) => other !== target).map((other) => nonceOf(target, other)),
    ...SHORT_TAGS.map((length) => {
      const bytes = target.bytes.subarray(0, target.bytes.length - TAG_BYTES + length);
      return replaced(target, bytes, `has a tag of ${length} bytes`);
    }),
  ]);
}

/** Each visible fact that an account is bound to, changed by hand, and two accounts that exchange theirs. */
export function editsOf(labels: readonly string[]): readonly Move[] {
  const edits = labels.flatMap((label) =>
    Object.entries(BOUND).map(([column, value]) => ({
      name: `${column} of ${label} is ${value}`,
      work: (database: Database) =>
        void database.prepare(`UPDATE accounts SET ${column} = ? WHERE label = ?`).run(value, label),
    })),
  );
  const [one, two] = labels;
  const swapped = ['label', 'subject_digest', 'id'].map((column) => ({
    name: `${one} and ${two} exchanged ${column}`,
    work: (database: Database) => exchange(database, column, [one ?? '', two ?? '']),
  }));
  return [...edits, ...swapped];
}

function replaced(target: Sealed, bytes: Buffer, how: string): Move {
  return { name: `the ${target.name} ${how}`, work: (database) => put(database, target, bytes) };
}

function exchanged(target: Sealed, other: Sealed): Move {
  return {
    name: `the ${target.name} and the ${other.name} changed places`,
    work(database) {
      put(database, target, other.bytes);
      put(database, other, target.bytes);
    },
  };
}

function nonceOf(target: Sealed, other: Sealed): Move {
  const bytes = Buffer.from(target.bytes);
  other.bytes.copy(bytes, NONCE[0], ...NONCE);
  return replaced(target, bytes, `has the nonce of the ${other.name}`);
}

function put(database: Database, { table, column, row }: Sealed, bytes: Buffer): void {
  const { changes } = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`).run(bytes, row);
  if (changes !== 1) throw new Error(`nothing was put into ${table}`);
}

function exchange(database: Database, column: string, labels: readonly [string, string]): void {
  const values = labels.map(
    (label) =>
      database
        .prepare(`SELECT rowid AS row, ${column} AS value FROM accounts WHERE label = ?`)
        .get(label) as {
        row: number;
        value: string;
      },
  );
  const set = database.prepare(`UPDATE accounts SET ${column} = ? WHERE rowid = ?`);
  const [first, second] = values;
  if (first === undefined || second === undefined) throw new Error('two accounts are needed');
  set.run('meanwhile', first.row);
  set.run(first.value, second.row);
  set.run(second.value, first.row);
}
