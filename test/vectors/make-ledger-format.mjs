// Made ledger-format-1.json, once, over the vault of sealed-format-1.json. The format is frozen: the file is never made
// again, and a later version of the format gets a file of its own beside it. Run from the project's folder after
// `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { openKeyring } from '../../dist/lib/vault/keyring.js';
import { extend, ledgerOf, rowDigest, sealLedger, withPlace } from '../../dist/lib/vault/ledger.js';
import { createHead } from '../../dist/lib/vault/new-vault.js';
import { placeOf, sealMark } from '../../dist/lib/vault/rollback.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const { master_key, vault_id, created_at, accounts } = JSON.parse(
  readFileSync(new URL('sealed-format-1.json', import.meta.url), 'utf8'),
);
const master = Buffer.from(master_key, 'hex');
const head = createHead(Buffer.from(vault_id, 'hex'), 'file', master, created_at);
const keyring = openKeyring(head, head.masterKeys[0], master, 'key file');

const rows = accounts.map(({ account: { id, provider, label, generation } }) => ({
  id,
  provider,
  label,
  generation,
}));
const where = ['0123456789abcdef0123456789abcdef', '/home/zoë/.local/share/token-vault'];
const [place, other] = [placeOf(head.vaultId, where), placeOf(head.vaultId, ['another machine', '/vault'])];
const epoch = 12;
const nothing = { has: () => false, last: () => 0, mac: () => null };
const body = '{"time":"2026-01-01T00:00:00.000Z","id":"example-1","event":"agent_started"}';
const lines = [1, 2, 3].map((n) => ({ at: 1_767_225_600_000 + n, body, origin: `example-${n}` }));
const { trail, entries } = extend(head.vaultId, null, lines, nothing);
const ledger = withPlace(withPlace(ledgerOf(keyring, rows, new Map(), trail), other, 3), place, epoch);
const { checkValue, ...masterKey } = head.masterKeys[0];
const { wrapped, ...wrappedKey } = head.wrappedKeys.find(({ purpose }) => purpose === 'ledger');

const vectors = {
  format: 'token-vault/1',
  master_key,
  vault_id,
  created_at,
  master_key_row: { ...masterKey, checkValue: hex(checkValue) },
  wrapped_key: { ...wrappedKey, wrapped: hex(wrapped) },
  rows: rows.map((row) => ({ ...row, digest: rowDigest(keyring, row).toString(16).padStart(64, '0') })),
  where,
  place,
  ledger: {
    epoch,
    rows: ledger.rows,
    sum: ledger.sum.toString(16).padStart(64, '0'),
    places: [...ledger.places],
    trail: { ...trail, key: hex(trail.key), base: hex(trail.base), head: hex(trail.head) },
    sealed: hex(sealLedger(keyring, epoch, ledger).sealed),
  },
  entries: entries.map((entry) => ({ ...entry, mac: hex(entry.mac) })),
  mark: { epoch, sealed: hex(sealMark(keyring, place, epoch)) },
};

const file = new URL('ledger-format-1.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`, { flag: 'wx' });
