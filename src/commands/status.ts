import { ACCOUNT_STATUSES, accountName } from '../domain/account.js';
import { DAY, formatDuration } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { harmless } from '../domain/safe-text.js';
import { readable } from '../domain/scopes.js';
import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { StatusRequest, VaultStatus } from '../services/overview/status-contract.js';
import type { Io } from '../ui/io.js';
import type { Command } from './contract.js';
import { duration, given, wholeNumber } from './read.js';
import { metrics } from './status-metrics.js';
import { remedyOf } from './trouble.js';
import { paintStatus } from './words.js';

interface StatusInput extends StatusRequest {
  readonly prometheus: boolean;
  readonly labels: boolean;
}

const USUAL = 3 * DAY;
const MOST_SHOWN = 10;

/** How things stand at a glance; never asks for the key. */
export const status: Command<StatusInput> = {
  name: 'status',
  summary: 'how things stand, at a glance or for a monitoring system',
  arguments: [],
  options: [
    {
      flags: '--expiring <duration>',
      description: 'near its end is what ends within this time',
      defaultText: '3d',
    },
    { flags: '--days <number>', description: 'the same in days' },
    { flags: '--prometheus', description: "metrics for node_exporter's textfile collector" },
    { flags: '--labels', description: 'with --prometheus: a series for each account, by its name' },
  ],
  examples: [
    { line: 'vault status', says: 'what is well, what is not, and the command that helps' },
    { line: 'vault status --json', says: 'the same for a program' },
    {
      line: 'vault status --prometheus',
      says: 'for the textfile collector: write it beside the file, then rename it',
    },
  ],

  parse(raw) {
    const days = wholeNumber(raw, '--days', 0, 36_500);
    const within = duration(raw, '--expiring', days === null ? USUAL : days * DAY);
    const prometheus = given(raw, '--prometheus');
    const labels = given(raw, '--labels');
    if (labels && !prometheus) throw new VaultError('usage', '--labels goes with --prometheus');
    return { within, prometheus, labels };
  },

  async run(useCases, { within, prometheus, labels }, io) {
    if (prometheus && io.json) throw new VaultError('usage', '--json and --prometheus contradict each other');
    const found = await useCases.status({ within });
    if (prometheus) io.data(metrics(found, labels));
    else if (io.json) io.document(document(found));
    else print(found, within, io);
  },
};

function countOf({ accounts }: VaultStatus, wanted: string): number {
  return accounts.filter((account) => account.status === wanted).length;
}

function print(found: VaultStatus, within: number, io: Io): void {
  const { accounts, at } = found;
  if (!found.hasVault) {
    io.say('there is no vault yet: vault login google makes one');
    return;
  }
  const byStatus = ACCOUNT_STATUSES.flatMap((name) => {
    const number = countOf(found, name);
    return number === 0 ? [] : [`${number} ${paintStatus(name, io.theme)}`];
  });
  const lines: [string, string][] = [
    ['accounts', byStatus.length === 0 ? 'none' : byStatus.join(', ')],
    ['last refresh', found.lastRefreshAt === null ? 'never' : relative(found.lastRefreshAt, at)],
    ['agent', found.agent === null ? 'does not run' : `runs (process ${found.agent})`],
    [`ends in ${formatDuration(within)}`, endings(found)],
  ];
  const width = Math.max(...lines.map(([title]) => title.length));
  io.data(lines.map(([title, value]) => `${io.theme.dim(title.padEnd(width))}  ${value}\n`).join(''));
  const troubled = accounts.filter((account) => account.status !== 'active');
  for (const account of troubled.slice(0, MOST_SHOWN)) {
    const remedy = remedyOf(account);
    const why =
      account.status === 'failing' && account.reason !== null ? `: ${readable(account.reason)}` : '';
    io.data(`${io.theme.yellow('!')} ${harmless(`${accountName(account)}: ${account.status}${why}`)}\n`);
    if (remedy !== null) io.data(`  ${io.theme.cyan('hint:')} ${harmless(remedy)}\n`);
  }
  if (troubled.length > MOST_SHOWN) io.say(`and ${troubled.length - MOST_SHOWN} more: vault list`);
  for (const { message } of found.abuse) io.data(`${io.theme.red('!')} ${message}\n`);
  if (found.abuse.length > 0) io.data(`  ${io.theme.cyan('hint:')} vault audit --since 1d\n`);
}

function endings({ tokensEnding, grantsEnding }: VaultStatus): string {
  const parts = [
    ...(tokensEnding.length > 0 ? [count(tokensEnding.length, 'token without a refresh token')] : []),
    ...(grantsEnding.length > 0 ? [count(grantsEnding.length, 'grant')] : []),
  ];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function document(found: VaultStatus) {
  const names = (accounts: VaultStatus['accounts']) => accounts.map(accountName);
  return {
    accounts: found.accounts.length,
    by_status: Object.fromEntries(ACCOUNT_STATUSES.map((name) => [name, countOf(found, name)])),
    login_needed: found.accounts
      .filter((account) => account.status === 'login_needed')
      .map((account) => ({ account: accountName(account), command: remedyOf(account) })),
    failing: names(found.accounts.filter((account) => account.status === 'failing')),
    tokens_ending: names(found.tokensEnding),
    grants_ending: names(found.grantsEnding),
    last_refresh_at: rfc3339(found.lastRefreshAt),
    agent_pid: found.agent,
    abuse: found.abuse.map(({ kind, count: times, message }) => ({ kind, count: times, message })),
  };
}
