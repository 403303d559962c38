// Times what the store is asked for, in one process: node bench/queries.mjs <account name>; prints the slowest as JSON.
import { sqliteFactory } from '../dist/lib/stores/sqlite-store.js';
import { systemClock } from '../dist/lib/system/clock.js';
import { createFiles } from '../dist/lib/system/files/files.js';
import { resolvePaths } from '../dist/lib/system/paths.js';

const [provider, label] = process.argv[2].split('/');
const files = createFiles({ uid: process.getuid?.(), pid: process.pid });
const store = await sqliteFactory(resolvePaths(process, null), files, systemClock).open();
const account = await store.accountByName(provider, label);

const queries = {
  'every account': () => store.accounts(),
  'the accounts of a provider': () => store.accounts(provider),
  'names by their beginning': () => store.namesBeginningWith(`${provider}/user-0`),
  'one account by name': () => store.accountByName(provider, label),
  'one account with its sealed fields': () => store.account(account.id),
  'an account by its identity': () => store.accountBySubject(provider, account.issuer, account.subjectDigest),
  'its consents': () => store.consents(account.id),
};

let slowest = { name: '', milliseconds: 0 };
for (const [name, query] of Object.entries(queries)) {
  const start = performance.now();
  await query();
  const milliseconds = performance.now() - start;
  if (milliseconds > slowest.milliseconds) slowest = { name, milliseconds };
}
await store.close();
process.stdout.write(`${JSON.stringify(slowest)}\n`);
