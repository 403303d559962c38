// Fills a vault that `vault init` made with accounts of the provider `bench`, through the library's own modules.
// node bench/fill.mjs <file|keychain> <number of accounts> <token endpoint>; the environment says which vault.

import { realpathSync } from 'node:fs';
import { Secret } from '../dist/lib/domain/secret.js';
import { KEY_SOURCES } from '../dist/lib/keysources/index.js';
import { rollbackMarks } from '../dist/lib/stores/rollback-marks.js';
import { sqliteFactory } from '../dist/lib/stores/sqlite-store.js';
import { systemClock } from '../dist/lib/system/clock.js';
import { createFiles } from '../dist/lib/system/files/files.js';
import { KEYCHAIN_TIMEOUTS, systemKeychain } from '../dist/lib/system/keychain/keychain.js';
import { machineIdentity } from '../dist/lib/system/machine.js';
import { resolvePaths } from '../dist/lib/system/paths.js';
import { openKeyring } from '../dist/lib/vault/keyring.js';
import { vaultOver } from '../dist/lib/vault/open-vault.js';

const DAY = 86_400_000;
const now = Date.now();
const [kind, count, endpoint] = process.argv.slice(2);

const paths = resolvePaths(process, null);
const files = createFiles({ uid: process.getuid?.(), pid: process.pid });
const { env, platform } = process;
const host = {
  env,
  platform,
  uid: process.getuid?.(),
  stdin: process.stdin,
  self: null,
  interruption: new AbortController().signal,
};
const keychain = () =>
  systemKeychain({
    host,
    clock: systemClock,
    timeouts: KEYCHAIN_TIMEOUTS,
    interactive: () => false,
    notice: () => {},
  });
const parts = { files, keychain, keyFile: paths.keyFile, isFirstRun: () => false };
const source = await KEY_SOURCES[kind]({ kind, path: null }, parts);

const store = await sqliteFactory(paths, files, systemClock).open();
const unlock = async () => {
  const head = await store.head();
  const [masterKey] = head.masterKeys;
  return openKeyring(head, masterKey, await source.load(masterKey.reference), source.place);
};
const where = [machineIdentity(files, paths.machineFile), realpathSync(paths.data)];
const marks = async () => rollbackMarks(paths.marks, where, files);
const vault = vaultOver({ store, unlock, marks, clock: systemClock, notice: console.error });

// Writes that are asked for together share a transaction.
for (let start = 0; start < Number(count); start += 1000) {
  const length = Math.min(1000, Number(count) - start);
  await Promise.all(Array.from({ length }, (_, index) => add(start + index)));
}
await vault.close();

async function add(number) {
  const label = `user-${String(number).padStart(5, '0')}@example.com`;
  const scopes = ['openid', 'email', 'https://example.com/auth/mail'];
  const facts = {
    provider: 'bench',
    label,
    issuer: new URL(endpoint).origin,
    tokenEndpoint: endpoint,
    clientId: 'bench',
    status: 'active',
    reason: null,
    askedScopes: scopes,
    grantedScopes: scopes,
    tokenType: 'Bearer',
    issuedAt: now,
    expiresAt: now + DAY,
    grantExpiresAt: null,
    lastRefreshAt: null,
    lastError: null,
    failures: 0,
    createdAt: now,
    updatedAt: now,
  };
  const account = await vault.add(facts, {
    accessToken: new Secret(`access-token-example-${number}-${'x'.repeat(200)}`),
    refreshToken: new Secret(`refresh-token-example-${number}-${'x'.repeat(80)}`),
    identity: { subject: `subject-${number}`, email: label, name: null, details: {} },
    idToken: null,
  });
  await vault.addConsent(account.id, { at: now, how: 'browser', askedScopes: scopes, grantedScopes: scopes });
}
