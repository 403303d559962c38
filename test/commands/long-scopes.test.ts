import { expect, it } from 'vitest';
import { list, listDocument, printAccounts } from '../../src/commands/list.js';
import { printNotes } from '../../src/commands/login.js';
import { printAccount } from '../../src/commands/show.js';
import { withdrawalWarning } from '../../src/services/refresh/refresh-warnings.js';
import { accountExample } from '../doubles/account.js';
import { NO_EXTRAS } from '../doubles/no-names.js';
import { NOW, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

/* A provider may name a scope of any length: nobody reads ten thousand characters, and nobody types them. */

const LONG = 'long'.repeat(2_500);
const SHORTENED = `${LONG.slice(0, 119)}…`;
const account = accountExample({
  status: 'insufficient_scope',
  reason: `not granted: ${LONG}`,
  askedScopes: ['openid', LONG],
  grantedScopes: ['openid', `${LONG}er`],
});
const WHERE = 'log in again with the scopes printed by: vault show google/alice@example.com --json';
const PLAIN = { columns: 80, env: { NO_COLOR: '1' } };

async function printed(command: 'list' | 'show', json = false) {
  const { io, written } = terminal({ ...PLAIN, json });
  const consent = { at: NOW, how: 'browser', askedScopes: [LONG], grantedScopes: [LONG] } as const;
  const detail = {
    account,
    missingScopes: [LONG],
    consents: [consent],
    providerTitle: 'Google',
    manageUrl: null,
    openRefresh: null,
    identity: null,
    aliases: [],
    isDefault: false,
  };
  if (command === 'list' && json) await io.documentInPieces(listDocument(ReadableStream.from([[account]])));
  else if (command === 'list') printAccounts([account], NO_EXTRAS, (await inputOf(list, '')).wide, io);
  else printAccount(detail, io);
  return written;
}

it.each(['list', 'show'] as const)('%s shortens a very long scope, except in JSON', async (command) => {
  const { stdout, stderr } = await printed(command);
  expect(stdout).toContain(SHORTENED);
  expect(`${stdout}${stderr}`).not.toContain(LONG);
  expect(stderr).toContain(`hint: ${WHERE}\n`);
  expect((await printed(command, true)).stdout).toContain(`"${LONG}"`);
});

it('a login that was not granted one shortens it and prints no command with it', () => {
  const { io, written } = terminal(PLAIN);
  const identity = { subject: 'subject-example', email: null, name: null, details: {} };
  const kept = { created: false, renamedFrom: null, tokenMayBeSpent: false, keptRefreshToken: false };
  printNotes({ account, identity, missingScopes: [LONG], withdrawnScopes: [`${LONG}er`], ...kept }, io);
  expect(written.stderr).toContain(`not granted: ${SHORTENED}\n`);
  expect(written.stderr).toContain(`this login did not request what the account had before: ${SHORTENED}\n`);
  expect(written.stderr).toContain(`hint: ${WHERE}\n`);
});

it('a refresh that no longer brings one shortens it', () => {
  expect(withdrawalWarning(account, [LONG])).toMatch(
    new RegExp(`no longer has the scope ${SHORTENED}, .*; to grant it again: ${WHERE}$`),
  );
});
