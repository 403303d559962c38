// The least Node script that does what `vault token` has to do with a valid token: open the database, read the row
// and its keys, unseal, print. No checks, no options, no errors: what `vault token` adds to this is ours to justify.
const { createDecipheriv, hkdfSync } = require('node:crypto');
const { readFileSync } = require('node:fs');
const Database = require('better-sqlite3');

const [databasePath, keyPath, provider, label] = process.argv.slice(2);
const database = new Database(databasePath, { readonly: true });
const account = database
  .prepare('SELECT * FROM accounts WHERE provider = ? AND label = ?')
  .get(provider, label);
const { vault_id: vaultId } = database.prepare('SELECT vault_id FROM vault').get();
const wrap = database.prepare("SELECT * FROM keys WHERE purpose = 'access_token'").get();

const master = Buffer.from(readFileSync(keyPath, 'latin1').trim(), 'base64url');
const wrapping = Buffer.from(hkdfSync('sha256', master, vaultId, 'token-vault/1/key encryption', 32));
const wrapPlace = ['token-vault/1', vaultId, 'keys', wrap.master_reference, wrap.data_key_id, wrap.purpose];
const dataKey = open(wrapping, wrap.wrapped, frame(wrapPlace));
const facts = [
  account.id,
  account.provider,
  account.label,
  account.issuer,
  account.token_endpoint,
  account.client_id,
  account.subject_digest,
  account.generation,
  account.token_type,
  account.issued_at,
  account.expires_at,
  account.grant_expires_at,
  account.granted_scopes,
  account.access_token === null ? 0 : 1,
  account.refresh_token === null ? 0 : 1,
];
const place = ['token-vault/1', vaultId, 'accounts', 'access_token', ...facts];
process.stdout.write(`${open(dataKey, account.access_token, frame(place)).toString()}\n`);

function open(key, sealed, aad) {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(4, 16), { authTagLength: 16 });
  decipher.setAAD(Buffer.concat([sealed.subarray(0, 4), aad]));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(16, -16)), decipher.final()]);
}

function frame(values) {
  return Buffer.concat(
    values.flatMap((value) => {
      const [type, bytes] = framed(value);
      const header = Buffer.alloc(5);
      header[0] = type;
      header.writeUInt32BE(bytes.length, 1);
      return [header, bytes];
    }),
  );
}

function framed(value) {
  if (value === null) return [0, Buffer.alloc(0)];
  if (typeof value === 'string') return [1, Buffer.from(value)];
  if (typeof value !== 'number') return [3, value];
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return [2, bytes];
}
