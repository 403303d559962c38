import { REGISTERED_AUTHS } from '../domain/registered-client.js';
import type { ClientTable, RowFacts, SealedClient } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { CLIENT_ROWS, recordChange } from './sqlite-ledger.js';
import { table } from './sqlite-rows.js';

const CLIENTS = table<SealedClient>('registered_clients', {
  id: 'text',
  issuer: 'text',
  clientId: 'text',
  clientAuth: REGISTERED_AUTHS,
  redirectUri: 'text',
  createdAt: 'integer',
  secretExpiresAt: 'integer?',
  refusedAt: 'integer?',
  sealed: 'bytes',
});

export function sqliteClients(connection: Connection): ClientTable {
  const { prepare, read, write } = connection;
  const rowWhere = (where: string, value: string): RowFacts | null =>
    CLIENT_ROWS.one(connection, `WHERE ${where} = ?`, value);

  return {
    all: () => read(() => CLIENTS.all(connection, 'NOT INDEXED ORDER BY issuer')),

    put: (client, step) =>
      write(() => {
        const before = rowWhere('issuer', client.issuer);
        prepare('DELETE FROM registered_clients WHERE issuer = ?').run(client.issuer);
        prepare(CLIENTS.insert).run(CLIENTS.parameters(client));
        recordChange(connection, step, { before, after: rowWhere('id', client.id) });
        return true;
      }),

    refused: (id, at) =>
      write(() => void prepare('UPDATE registered_clients SET refused_at = ? WHERE id = ?').run(at, id)),

    remove: (id, step) =>
      write(() => {
        const before = rowWhere('id', id);
        if (before === null) return false;
        prepare('DELETE FROM registered_clients WHERE id = ?').run(id);
        recordChange(connection, step, { before, after: null });
        return true;
      }),

    reseal: ({ id, sealed: before }, sealed) =>
      write(
        () =>
          prepare('UPDATE registered_clients SET sealed = ? WHERE id = ? AND sealed = ?').run(
            sealed,
            id,
            before,
          ).changes === 1,
      ),
  };
}
