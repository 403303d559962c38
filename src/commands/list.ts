import { ACCOUNT_STATUSES, type Account, accountName } from '../domain/account.js';
import { parseDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { relative, rfc3339Writer } from '../domain/time.js';
import { firstLoginHere, noVaultYet } from '../services/first-login.js';
import {
  type ListExtras,
  type ListRequest,
  listAccounts,
  listExtras,
  listInPieces,
  SORTS,
  type VaultTrouble,
  vaultTrouble,
} from '../services/overview/overview.js';
import type { Column, Io } from '../ui/io.js';
import { printTable, printTableOrBlocks } from '../ui/layout.js';
import { loginState, paintState, tokenState } from './account-state.js';
import {
  accountDocument,
  hintLines,
  remedyOf,
  shortScope,
  troubleOf,
  userOf,
  vaultTroubles,
} from './account-view.js';
import type { Command } from './spec.js';
import { given, oneOf, text } from './spec.js';

const MOST_TROUBLES = 10;

const COLUMNS: readonly Column[] = [
  { title: 'ACCOUNT', whole: true },
  { title: 'LOGIN', paint: paintState },
  { title: 'TOKEN', paint: paintState },
];
const SCOPES: Column = { title: 'SCOPES', shrink: true };
const WIDE: readonly Column[] = [
  { title: 'USER', shrink: true },
  { title: 'TOKEN ENDS' },
  { title: 'GRANT ENDS' },
  { title: 'REFRESHED' },
  { title: 'FORMER NAMES', shrink: true },
];

interface ListInput {
  readonly request: ListRequest;
  readonly wide: boolean;
}

export const list: Command<ListInput> = {
  arguments: [],
  options: [
    { flags: '--provider <name>', description: 'only accounts of this provider', values: 'provider' },
    { flags: '--status <status>', description: 'only accounts with this status', values: ACCOUNT_STATUSES },
    {
      flags: '--expiring <duration>',
      description: 'only accounts whose token or grant expires within this time',
    },
    { flags: '--sort <by>', description: 'the earliest first', values: SORTS, defaultText: 'by name' },
    { flags: '--wide', description: 'also who each is, which needs the key, and all times' },
  ],
  examples: {
    list: 'every account, with the state of its login and of its token',
    'list --wide --sort grant': 'with more columns, the grant that ends first at the top',
    'list --status login_needed': 'those that need a new login',
    'list --expiring 3d --json': 'for a program',
  },

  parse(raw) {
    const expiring = text(raw, '--expiring');
    return {
      request: {
        provider: text(raw, '--provider'),
        status: oneOf(raw, '--status', ACCOUNT_STATUSES),
        expiringWithin: expiring === null ? null : parseDuration(expiring, '--expiring'),
        sort: oneOf(raw, '--sort', SORTS),
      },
      wide: given(raw, '--wide'),
    };
  },

  async run(ctx, { request, wide }, io) {
    if (io.json) {
      if (wide) throw new VaultError('usage', '--wide adds columns to the table; --json has no table');
      await io.documentInPieces(listDocument(listInPieces(ctx, request)));
      return;
    }
    const accounts = await listAccounts(ctx, request);
    const extras = await listExtras(ctx, accounts, wide);
    if (accounts.length === 0) {
      const none = (await ctx.vault()) === null ? noVaultYet(ctx) : 'no accounts yet';
      io.say(emptyText(request, none, await firstLoginHere(ctx)));
      return;
    }
    printAccounts(accounts, extras, wide, io);
    sayVaultTroubles(await vaultTrouble(ctx), io);
    // A call to the keychain that hangs would keep this process running.
    if (extras.noIdentity?.code === 'key_timed_out') throw extras.noIdentity;
  },
};

export function printAccounts(accounts: readonly Account[], extras: ListExtras, wide: boolean, io: Io): void {
  const columns = [...COLUMNS, ...(wide ? WIDE : []), SCOPES];
  const now = io.now();
  const rows = accounts.map((account) => [
    ...row(account, extras, now),
    ...(wide ? wideRow(account, extras, now) : []),
    account.grantedScopes.map(wide ? String : shortScope).join(' '),
  ]);
  if (wide) printTableOrBlocks(io, columns, rows);
  else printTable(io, columns, rows);
  if (extras.noIdentity !== null) sayNoIdentity(extras.noIdentity, io);
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

function row(account: Account, { defaults }: ListExtras, now: number): readonly string[] {
  const name = accountName(account);
  return [
    defaults.has(name) ? `${name} (default)` : name,
    loginState(account, now),
    tokenState(account, now),
  ];
}

function wideRow(account: Account, extras: ListExtras, now: number): readonly string[] {
  const identity = extras.identities.get(account.id);
  return [
    identity === undefined ? '?' : userOf(identity),
    relative(account.expiresAt, now),
    relative(account.grantExpiresAt, now),
    account.lastRefreshAt === null ? 'never' : relative(account.lastRefreshAt, now),
    (extras.aliases.get(accountName(account)) ?? []).join(' '),
  ];
}

function sayNoIdentity({ message, hint }: VaultError, io: Io): void {
  io.say(`the users are not shown: ${message}`, 'yellow');
  for (const line of hintLines(hint)) io.say(line);
}

export function sayVaultTroubles(trouble: VaultTrouble, io: Io): void {
  for (const { message, hint } of vaultTroubles(trouble)) {
    io.say(message, 'red');
    for (const line of hintLines(hint)) io.say(line);
  }
}

/** The reasons go to stderr: the table has no room for them. */
function sayTroubles(accounts: readonly Account[], io: Io): void {
  const now = io.now();
  const troubled = accounts.flatMap((account) => {
    const trouble = troubleOf(account, now);
    return trouble === null ? [] : [{ trouble, remedy: remedyOf(account, now) }];
  });
  for (const { trouble, remedy } of troubled.slice(0, MOST_TROUBLES)) {
    io.say(trouble, 'yellow');
    if (remedy !== null) io.say(`  hint: ${remedy}`);
  }
  const more = troubled.length - MOST_TROUBLES;
  if (more > 0) io.say(`and ${more} more; all reasons: ${command('list --json')}`);
}

/** @param first the command that leads to the first account */
function emptyText({ provider, status, expiringWithin }: ListRequest, none: string, first: string): string {
  const filtered = status !== null || expiringWithin !== null;
  if (provider !== null && !filtered)
    return `no accounts of the provider ${provider}; to see all: ${command('list')}`;
  return filtered ? `no account matches; to see all: ${command('list')}` : `${none}; next: ${first}`;
}
