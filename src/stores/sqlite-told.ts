import type { Connection } from './sqlite-connection.js';
import { type ColumnKinds, checkRow, damagedRow } from './sqlite-values.js';
import { TOLD_EVENTS, type Told, type ToldRow } from './told.js';

interface Row {
  readonly account_id: string;
  readonly event: string;
  readonly ends_at: number | null;
  readonly since: number;
  readonly tried_at: number;
  readonly told_at: number | null;
}

const KINDS = {
  account_id: 'text',
  event: 'text',
  ends_at: 'integer?',
  since: 'integer',
  tried_at: 'integer',
  told_at: 'integer?',
} as const satisfies ColumnKinds;

const INSERT = `INSERT INTO told (account_id, event, ends_at, since, tried_at, told_at)
  SELECT id, @event, @endsAt, @since, @triedAt, @toldAt FROM accounts WHERE id = @accountId
  ON CONFLICT DO NOTHING`;
const UPDATE = `UPDATE told SET ends_at = @endsAt, since = @since, tried_at = @triedAt, told_at = @toldAt
  WHERE account_id = @accountId AND event = @event AND tried_at = @seen`;
const FORGET = 'DELETE FROM told WHERE account_id = @accountId AND event = @event AND tried_at = @triedAt';

/** See stores/told. */
export function sqliteTold({ prepare, read, write }: Connection): Told {
  return {
    all: () =>
      read(() =>
        prepare<Row>(`SELECT ${Object.keys(KINDS).join(', ')} FROM told`)
          .all()
          .map(toRow),
      ),

    put: (row, seen) =>
      write(() => {
        const { changes } = seen === null ? prepare(INSERT).run(row) : prepare(UPDATE).run({ ...row, seen });
        return changes === 1;
      }),

    forget: ({ accountId, event, triedAt }) =>
      write(() => prepare(FORGET).run({ accountId, event, triedAt }).changes === 1),
  };
}

function toRow(row: Row): ToldRow {
  checkRow('told', row, KINDS);
  const event = TOLD_EVENTS.find((each) => each === row.event);
  if (event === undefined) throw damagedRow('told', 'event');
  return {
    accountId: row.account_id,
    event,
    endsAt: row.ends_at,
    since: row.since,
    triedAt: row.tried_at,
    toldAt: row.told_at,
  };
}
