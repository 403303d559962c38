import { ACCOUNT_STATUSES, type Account, accountName } from '../domain/account.js';
import { parseDuration } from '../domain/duration.js';
import { relative } from '../domain/time.js';
import type { ListRequest } from '../services/contract.js';
import type { Column, Io } from '../ui/io.js';
import { accountDocuments, paintStatus, remedyOf, shortScope, troubleOf } from './account-view.js';
import type { Command } from './spec.js';
import { oneOf, text } from './spec.js';

const MOST_TROUBLES = 10;

const COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT' },
  { title: 'STATUS', paint: paintStatus },
  { title: 'EXPIRES' },
  { title: 'SCOPES', shrink: true },
];

/** Lists the accounts. Nothing it shows is sealed, so no key is needed. */
export const list: Command<ListRequest> = {
  name: 'list',
  summary: 'list the accounts',
  arguments: [],
  options: [
    { flags: '--provider <name>', description: 'only accounts of this provider' },
    { flags: '--status <status>', description: `only accounts that are ${ACCOUNT_STATUSES.join(', ')}` },
    {
      flags: '--expiring <duration>',
      description: 'only accounts whose token or grant ends within this time',
    },
  ],
  examples: [
    { line: 'vault list', says: 'every account' },
    { line: 'vault list --status login_needed', says: 'those that need a person' },
    { line: 'vault list --expiring 3d --json', says: 'for a program' },
  ],

  parse(raw) {
    const expiring = text(raw, '--expiring');
    return {
      provider: text(raw, '--provider'),
      status: oneOf(raw, '--status', ACCOUNT_STATUSES),
      expiringWithin: expiring === null ? null : parseDuration(expiring, '--expiring'),
    };
  },

  async run(useCases, request, io) {
    const accounts = await useCases.list(request);
    if (io.json) {
      io.document({ accounts: accountDocuments(accounts) });
    } else if (accounts.length === 0) {
      io.say(emptyText(request));
    } else {
      io.table(
        COLUMNS,
        accounts.map((account) => row(account, io.now())),
      );
      sayTroubles(accounts, io);
    }
  },
};

function row(account: Account, now: number): readonly string[] {
  return [
    accountName(account),
    account.status,
    relative(account.expiresAt, now),
    account.grantedScopes.map(shortScope).join(' '),
  ];
}

/** A table has no room for reasons; they are no data, so they go where people read. */
function sayTroubles(accounts: readonly Account[], io: Io): void {
  const troubled = accounts.flatMap((account) => {
    const trouble = troubleOf(account);
    return trouble === null ? [] : [{ trouble, remedy: remedyOf(account) }];
  });
  for (const { trouble, remedy } of troubled.slice(0, MOST_TROUBLES)) {
    io.say(trouble, 'yellow');
    if (remedy !== null) io.say(`  hint: ${remedy}`);
  }
  const more = troubled.length - MOST_TROUBLES;
  if (more > 0) io.say(`and ${more} more; vault list --json tells the reason of each`);
}

function emptyText(request: ListRequest): string {
  const filtered = Object.values(request).some((each) => each !== null);
  return filtered
    ? 'no account is like that; vault list shows all of them'
    : 'no accounts yet; vault providers lists what you can log in to, then: vault login google';
}
