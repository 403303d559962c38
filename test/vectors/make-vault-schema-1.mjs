// Made vault-schema-1.json, once, with the build before the column id_token: a whole database of schema 1, compressed. The file
// is never made again. Run from the project's folder after `npm run build`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { Secret } from '../../dist/lib/domain/secret.js';
import { sqliteFactory } from '../../dist/lib/stores/sqlite-store.js';
import { systemClock } from '../../dist/lib/system/clock.js';
import { createFiles } from '../../dist/lib/system/files/files.js';
import { resolvePaths } from '../../dist/lib/system/paths.js';
import { openKeyring } from '../../dist/lib/vault/keyring.js';
import { newVault } from '../../dist/lib/vault/new-vault.js';
import { vaultOver } from '../../dist/lib/vault/open-vault.js';

const home = mkdtempSync(join(tmpdir(), 'vault-schema-1-'));
const master = Buffer.alloc(32, 0x2a);
const vaultId = Buffer.alloc(16, 0x5a);
const now = Date.UTC(2026, 0, 1);
const { head } = newVault({ vaultId, source: 'file', master, now, where: [] });
const files = createFiles({ uid: process.getuid(), pid: process.pid }, () => {});
const paths = resolvePaths({ env: { VAULT_HOME: home }, platform: 'linux' }, null);
const store = await sqliteFactory(paths, files, systemClock).create(head);
const marks = { where: [], folder: home, read: () => null };
const vault = vaultOver({
  store,
  unlock: async () => openKeyring(head, head.masterKeys[0], master),
  marks: async () => marks,
  clock: systemClock,
  notice: () => {},
});
const facts = {
  provider: 'demo',
  issuer: 'https://issuer.example',
  tokenEndpoint: 'https://issuer.example/token',
  clientId: 'client-example',
  status: 'active',
  reason: null,
  askedScopes: ['openid', 'email'],
  grantedScopes: ['openid', 'email'],
  tokenType: 'Bearer',
  issuedAt: now,
  expiresAt: now + 3_600_000,
  grantExpiresAt: null,
  lastRefreshAt: null,
  lastError: null,
  failures: 0,
  retryAt: null,
  createdAt: now,
  updatedAt: now,
};
for (const label of ['ada', 'grace']) {
  const added = await vault.add(
    { ...facts, label },
    {
      accessToken: new Secret(`access-token-of-${label}`),
      refreshToken: label === 'ada' ? new Secret(`refresh-token-of-${label}`) : null,
      identity: { subject: `subject-of-${label}`, email: `${label}@example.com`, name: null, details: {} },
    },
  );
  if (added === null) throw new Error('not added');
}
await vault.close();
const made = {
  master_key: master.toString('hex'),
  vault_id: vaultId.toString('hex'),
  created_at: now,
  database: deflateRawSync(readFileSync(paths.database), { level: 9 }).toString('base64'),
};
const file = new URL('vault-schema-1.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { flag: 'wx' });
rmSync(home, { recursive: true });
