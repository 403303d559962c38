// Made ledger-format-2.json, once, over the vault of sealed-format-1.json. The format is frozen: the file is never made
// again, and a later version of the format gets a file of its own beside it. Run from the project's folder after
// `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { openKeyring } from '../../dist/lib/vault/keyring.js';
import { ledgerOf, sealLedger, withPlace } from '../../dist/lib/vault/ledger.js';
import { createHead } from '../../dist/lib/vault/new-vault.js';
import { placeOf } from '../../dist/lib/vault/rollback.js';
import { partOf, rowDigest } from '../../dist/lib/vault/row-sums.js';
import { extend } from '../../dist/lib/vault/trail.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const { master_key, vault_id, created_at } = JSON.parse(
  readFileSync(new URL('sealed-format-1.json', import.meta.url), 'utf8'),
);
const master = Buffer.from(master_key, 'hex');
const head = createHead(Buffer.from(vault_id, 'hex'), 'file', master, created_at);
const keyring = openKeyring(head, head.masterKeys[0], master, 'key file');

const rows = ['00', '7f', '7f', 'a0', 'ff'].map((begin, n) => ({
  id: `${begin}000000-0000-4000-8000-00000000000${n}`,
  provider: n === 1 ? 'microsoft' : 'google',
  label: `zoë-${n}@example.com`,
  generation: n + 1,
}));
const places = [
  placeOf(head.vaultId, ['0123456789abcdef0123456789abcdef', '/home/zoë/.local/share/token-vault']),
  placeOf(head.vaultId, ['another machine', '/vault']),
];
const epoch = 12;
const nothing = { has: () => false, last: () => 0, mac: () => null };
const body = '{"time":"2026-01-01T00:00:00.000Z","id":"example-1","event":"agent_started"}';
const lines = [1, 2, 3].map((n) => ({ at: 1_767_225_600_000 + n, body, origin: `example-${n}` }));
const { trail } = extend(head.vaultId, null, lines, nothing);
const whole = ledgerOf(keyring, rows, new Map(), trail, 5);
const ledger = withPlace(withPlace(whole, places[1], 3), places[0], epoch);
const { checkValue, ...masterKey } = head.masterKeys[0];
const { wrapped, ...wrappedKey } = head.wrappedKeys.find(({ purpose }) => purpose === 'ledger');

const vectors = {
  format: 'token-vault/1',
  master_key,
  vault_id,
  created_at,
  master_key_row: { ...masterKey, checkValue: hex(checkValue) },
  wrapped_key: { ...wrappedKey, wrapped: hex(wrapped) },
  rows: rows.map((row) => ({
    ...row,
    part: partOf(row.id),
    digest: rowDigest(keyring, row).toString(16).padStart(64, '0'),
  })),
  ledger: {
    epoch,
    places: [...ledger.places],
    trail: { ...trail, key: hex(trail.key), base: hex(trail.base), head: hex(trail.head) },
    sealed_before: ledger.sealedBefore,
    sealed: hex(sealLedger(keyring, epoch, ledger).sealed),
  },
};

const file = new URL('ledger-format-2.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`, { flag: 'wx' });
