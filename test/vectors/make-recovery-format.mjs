// Made recovery-format-1.json, once. The format is frozen: the file is never made again, and a later version of the
// format gets a file of its own beside it. Run from the project's folder after `npm run build`.
import { writeFileSync } from 'node:fs';
import { Secret } from '../../dist/lib/domain/secret.js';
import { writeRecovery } from '../../dist/lib/vault/recovery-file.js';

const passphrase = 'passphrase example ä';
const vaultId = Buffer.from(Array.from({ length: 16 }, (_, index) => 0xf0 + index));
const createdAt = Date.UTC(2026, 0, 2, 3, 4, 5);
const purposes = ['access_token', 'refresh_token', 'identity', 'subject_digest', 'ledger'];
const dataKeys = purposes.map((purpose, index) => ({
  dataKeyId: index + 1,
  purpose,
  key: Buffer.alloc(32, index + 1),
  createdAt,
}));
const text = await writeRecovery({ vaultId, dataKeys }, new Secret(passphrase));
const file = new URL('recovery-format-1.json', import.meta.url);
const keys = dataKeys.map(({ key, ...facts }) => ({ ...facts, key: key.toString('hex') }));
const vectors = { passphrase, vault_id: vaultId.toString('hex'), data_keys: keys, text };
writeFileSync(file, `${JSON.stringify(vectors, null, 2)}\n`, { flag: 'wx' });
