import { ACCOUNT_STATUSES, type Account, accountName } from '../domain/account.js';
import { parseDuration } from '../domain/duration.js';
import { command } from '../domain/hints.js';
import { relative, rfc3339Writer } from '../domain/time.js';
import { type ListRequest, listAccounts, listInPieces } from '../services/overview/overview.js';
import type { Column, Io } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import { accountDocument, paintStatus, remedyOf, shortScope, troubleOf } from './account-view.js';
import type { Command } from './spec.js';
import { oneOf, text } from './spec.js';

const MOST_TROUBLES = 10;

const COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT' },
  { title: 'STATUS', paint: paintStatus },
  { title: 'EXPIRES' },
  { title: 'SCOPES', shrink: true },
];

export const list: Command<ListRequest> = {
  arguments: [],
  options: [
    { flags: '--provider <name>', description: 'only accounts of this provider', values: 'provider' },
    { flags: '--status <status>', description: 'only accounts with this status', values: ACCOUNT_STATUSES },
    {
      flags: '--expiring <duration>',
      description: 'only accounts whose token or grant expires within this time',
    },
  ],
  examples: {
    list: 'every account',
    'list --status login_needed': 'those that need a new login',
    'list --expiring 3d --json': 'for a program',
  },

  parse(raw) {
    const expiring = text(raw, '--expiring');
    return {
      provider: text(raw, '--provider'),
      status: oneOf(raw, '--status', ACCOUNT_STATUSES),
      expiringWithin: expiring === null ? null : parseDuration(expiring, '--expiring'),
    };
  },

  async run(ctx, request, io) {
    if (io.json) await io.documentInPieces(listDocument(listInPieces(ctx, request)));
    else printAccounts(await listAccounts(ctx, request), request, io);
  },
};

export function printAccounts(accounts: readonly Account[], request: ListRequest, io: Io): void {
  if (accounts.length === 0) {
    io.say(emptyText(request));
    return;
  }
  printTable(
    io,
    COLUMNS,
    accounts.map((account) => row(account, io.now())),
  );
  sayTroubles(accounts, io);
}

/** @param pieces accounts in batches; a string is an account that is already written as JSON */
export async function* listDocument(
  pieces: AsyncIterable<readonly (Account | string)[]>,
): AsyncGenerator<string> {
  const time = rfc3339Writer();
  let before = '{"accounts":[';
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    const texts = piece.map((each) =>
      typeof each === 'string' ? each : JSON.stringify(accountDocument(each, time)),
    );
    yield before + texts.join(',');
    before = ',';
  }
  yield before === ',' ? ']}' : `${before}]}`;
}

function row(account: Account, now: number): readonly string[] {
  return [
    accountName(account),
    account.status,
    relative(account.expiresAt, now),
    account.grantedScopes.map(shortScope).join(' '),
  ];
}

/** The reasons go to stderr: the table has no room for them. */
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
  if (more > 0) io.say(`and ${more} more; all reasons: ${command('list --json')}`);
}

function emptyText(request: ListRequest): string {
  const filtered = Object.values(request).some((each) => each !== null);
  return filtered
    ? `no account matches; to see all: ${command('list')}`
    : `no accounts yet; list the providers with ${command('providers')}, then: ${command('login google')}`;
}
