import type { Account } from '../domain/account.js';
import { YEAR_10000 } from '../domain/time.js';
import type { Connection } from './sqlite-connection.js';
import { byName, OF_PROVIDER } from './sqlite-reads.js';
import { ACCOUNTS, type Kind } from './sqlite-rows.js';

/** How many accounts are read at a time. While they are printed, no lock is held and little memory is used. */
const PIECE = 1000;

/** RFC 3339; `strftime` would take twice the time. */
function moment(column: string): string {
  const text = `concat('"', replace(datetime(${column} / 1000.0, 'unixepoch', 'subsec'), ' ', 'T'), 'Z"')`;
  return `iif(${column} >= 0 AND ${column} < ${YEAR_10000}, ${text}, 'null')`;
}

const textOrNull = (column: string) => `iif(${column} IS NULL, 'null', json_quote(${column}))`;

/** SQL for what `accountDocument` in commands/account-view makes of a sound row that lacks no scope. */
const DOCUMENT = `concat(
  '{"account":', json_quote(concat(provider, '/', label)),
  ',"provider":', json_quote(provider),
  ',"issuer":', json_quote(issuer),
  ',"status":"', status,
  '","reason":', ${textOrNull('reason')},
  ',"scopes":', iif(granted_scopes = '', '[]', concat('[', replace(json_quote(granted_scopes), ' ', '","'), ']')),
  ',"missing_scopes":[]',
  ',"expires_at":', ${moment('expires_at')},
  ',"grant_expires_at":', ${moment('grant_expires_at')},
  ',"has_refresh_token":', iif(refresh_token IS NULL, 'false', 'true'),
  ',"last_refresh_at":', ${moment('last_refresh_at')},
  ',"last_error":', ${textOrNull('last_error')},
  ',"created_at":', ${moment('created_at')},
  ',"updated_at":', ${moment('updated_at')},
  '}')`;
/** Granted scopes begin with the asked ones, in their order: see `canonicalScopes`. */
const LACKS_NONE = `(granted_scopes = asked_scopes OR instr(granted_scopes || ' ', asked_scopes || ' ') = 1)`;

/** Whether the value is of its kind. It may be false where `from` would take the value; then JavaScript writes the list. */
function isSound([column, kind]: readonly [column: string, kind: Kind]): string {
  if (kind instanceof RegExp)
    return `octet_length(${column}) = 36 AND octet_length(unhex(${column}, '-')) = 16`;
  if (typeof kind !== 'string') return `${column} IN (${kind.map((value) => `'${value}'`).join(', ')})`;
  if (kind.endsWith('?')) return `(${column} IS NULL OR ${isSound([column, kind.slice(0, -1) as Kind])})`;
  if (kind !== 'integer') return `typeof(${column}) = 'text'`;
  return `typeof(${column}) = 'integer' AND ${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}`;
}

const SOUND = ACCOUNTS.stored.map(isSound).join(' AND ');
const ROWS = `SELECT iif(${SOUND}, CAST(rowid AS TEXT), NULL) FROM accounts ${byName(OF_PROVIDER)}`;
const TEXTS = `SELECT iif(${LACKS_NONE}, ${DOCUMENT}, ${ACCOUNTS.json})
  FROM (SELECT value FROM json_each(?)) AS wanted CROSS JOIN accounts NOT INDEXED ON accounts.rowid = wanted.value`;

/** See {@link Store.accountsAsJson}. Damage is found before the first piece is given. */
export async function* accountsAsJson(
  connection: Connection,
  provider: string | null,
): AsyncGenerator<readonly (Account | string)[]> {
  const { prepare, read } = connection;
  const rows = await read(() => prepare<string | null>(ROWS).pluck().all(provider));
  if (rows.includes(null)) yield await read(() => ACCOUNTS.all(connection, byName(OF_PROVIDER), provider));
  else yield* inPieces(connection, rows);
}

async function* inPieces(
  { prepare, read }: Connection,
  rows: readonly (string | null)[],
): AsyncGenerator<readonly (Account | string)[]> {
  for (let start = 0; start < rows.length; start += PIECE) {
    const wanted = `[${rows.slice(start, start + PIECE).join(',')}]`;
    const texts = await read(() => prepare<string>(TEXTS).pluck().all(wanted));
    yield texts.map((text) => (text.startsWith('{') ? text : ACCOUNTS.fromJson(text)));
  }
}
