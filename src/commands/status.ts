import type { AbuseKind } from '../audit/abuse.js';
import { ACCOUNT_STATUSES, accountName } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { harmless } from '../domain/safe-text.js';
import { readable } from '../domain/scopes.js';
import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import { agentStatus } from '../services/agent/agent-client.js';
import { firstLoginHere, noVaultYet } from '../services/first-login.js';
import { type StatusRequest, type VaultStatus, vaultStatus } from '../services/overview/overview.js';
import type { Io } from '../ui/io.js';
import { wrapHanging } from '../ui/layout.js';
import { LOGIN_STATES, loginStateOf, paintState } from './account-state.js';
import { remedyOf, vaultTroubles } from './account-view.js';
import { type Command, duration, given, wholeNumber } from './spec.js';

interface StatusInput extends StatusRequest {
  readonly prometheus: boolean;
  readonly labels: boolean;
}

const USUAL = 3 * DAY;
const MOST_SHOWN = 10;

export const status: Command<StatusInput> = {
  arguments: [],
  options: [
    {
      flags: '--expiring <duration>',
      description: 'count tokens and grants that expire within this time',
      defaultText: '3d',
    },
    { flags: '--days <number>', description: 'the same, in days' },
    { flags: '--prometheus', description: "metrics for node_exporter's textfile collector" },
    { flags: '--labels', description: 'with --prometheus: a series for each account, by its name' },
  ],
  examples: {
    status: 'a summary, with a hint for each account that needs one',
    'status --json': 'for a program',
    'status --prometheus': 'write to a temporary file, then rename it to the .prom file',
  },

  parse(raw) {
    const days = wholeNumber(raw, '--days', 0, 36_500);
    const within = duration(raw, '--expiring', days === null ? USUAL : days * DAY);
    const prometheus = given(raw, '--prometheus');
    const labels = given(raw, '--labels');
    if (labels && !prometheus) throw new VaultError('usage', '--labels can be used only with --prometheus');
    return { within, prometheus, labels };
  },

  async run(ctx, { within, prometheus, labels }, io) {
    if (prometheus && io.json) throw new VaultError('usage', '--json and --prometheus contradict each other');
    const agent = await agentStatus(ctx).catch(() => null);
    const found = await vaultStatus(ctx, { within }, agent?.pid ?? null);
    if (prometheus) io.data(metrics(found, labels));
    else if (io.json) io.document(document(found));
    else if (found.hasVault) printStatus(found, within, io);
    else io.say(`${noVaultYet(ctx)}; the first login makes one: ${await firstLoginHere(ctx)}`);
  },
};

function countOf({ accounts }: VaultStatus, wanted: string): number {
  return accounts.filter((account) => account.status === wanted).length;
}

export function printStatus(found: VaultStatus, within: number, io: Io): void {
  const { accounts, at } = found;
  const states = accounts.map((account) => ({ account, state: loginStateOf(account, at) }));
  const counts = LOGIN_STATES.flatMap((name) => {
    const number = states.filter(({ state }) => state === name).length;
    return number === 0 ? [] : [`${number} ${paintState(name, io.theme)}`];
  });
  const lines: [string, string][] = [
    ['accounts', counts.length === 0 ? 'none' : counts.join(', ')],
    ['last refresh', found.lastRefreshAt === null ? 'never' : relative(found.lastRefreshAt, at)],
    ['agent', found.agent === null ? 'not running' : `running (process ${found.agent})`],
    [`expires in ${formatDuration(within)}`, endings(found)],
  ];
  const width = Math.max(...lines.map(([title]) => title.length));
  io.data(lines.map(([title, value]) => `${io.theme.dim(title.padEnd(width))}  ${value}\n`).join(''));
  for (const { message, hint } of vaultTroubles(found)) io.data(marked('red', message, hint, io));
  const troubled = states.filter(({ state }) => state !== 'ok');
  for (const { account, state } of troubled.slice(0, MOST_SHOWN)) {
    const remedy = remedyOf(account, at);
    const why = state === 'failing' && account.reason !== null ? `: ${readable(account.reason)}` : '';
    io.data(marked('yellow', `${accountName(account)}: ${state}${why}`, remedy, io));
  }
  if (troubled.length > MOST_SHOWN) io.say(`and ${troubled.length - MOST_SHOWN} more: ${command('list')}`);
  for (const [index, { message }] of found.abuse.entries()) {
    const isLast = index === found.abuse.length - 1;
    io.data(marked('red', message, isLast ? command('audit --since 1d') : null, io));
  }
}

/** What needs attention, behind a mark, with what to type below. */
function marked(
  style: 'red' | 'yellow',
  message: string,
  hint: string | null,
  { theme, tableWidth }: Io,
): string {
  const behind = (text: string) => wrapHanging(harmless(text), 2, tableWidth).map(theme.link);
  const [first = '', ...more] = behind(message);
  const [line = '', ...rest] = hint === null ? [] : behind(`hint: ${hint}`);
  const hints = hint === null ? [] : [`  ${line.replace('hint:', theme.cyan)}`, ...rest];
  return [`${theme[style]('!')} ${first}`, ...more, ...hints, ''].join('\n');
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
      .map((account) => ({ account: accountName(account), command: remedyOf(account, found.at) })),
    failing: names(found.accounts.filter((account) => account.status === 'failing')),
    tokens_ending: names(found.tokensEnding),
    grants_ending: names(found.grantsEnding),
    last_refresh_at: rfc3339(found.lastRefreshAt),
    agent_pid: found.agent,
    key_missing: found.keyMissing !== null,
    refresh_blocked_since: rfc3339(found.blockedSince),
    abuse: found.abuse.map(({ kind, count: times, message }) => ({ kind, count: times, message })),
  };
}

const ABUSES: readonly AbuseKind[] = [
  'wrong_callbacks',
  'login_strangers',
  'other_issuer',
  'integrity_alarm',
  'queue_altered',
  'trail_altered',
];

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * The status in Prometheus' text exposition format 0.0.4, for node_exporter's textfile collector.
 *
 * @param named add a series for each account; its name is often an e-mail address
 */
export function metrics(status: VaultStatus, named: boolean): string {
  const { accounts, at } = status;
  const seconds = (time: number | null) => (time === null ? null : Math.floor(time / 1_000));
  const each = (value: (account: (typeof accounts)[number]) => number | null): Sample[] =>
    accounts.flatMap((account): Sample[] => {
      const found = value(account);
      return found === null ? [] : [[{ account: accountName(account), provider: account.provider }, found]];
    });
  const last = seconds(status.lastRefreshAt);
  return [
    family(
      'accounts',
      'Accounts by status.',
      ACCOUNT_STATUSES.map((name) => [
        { status: name },
        accounts.filter((account) => account.status === name).length,
      ]),
    ),
    family('tokens_ending', 'Access tokens that expire soon and cannot be refreshed.', [
      [{}, status.tokensEnding.length],
    ]),
    family('grants_ending', 'Grants that expire soon.', [[{}, status.grantsEnding.length]]),
    family(
      'last_refresh_timestamp_seconds',
      'When a token was last refreshed.',
      last === null ? [] : [[{}, last]],
    ),
    family('agent_running', 'Whether the agent runs.', [[{}, status.agent === null ? 0 : 1]]),
    family('key_missing', 'Whether the key file does not exist.', [[{}, status.keyMissing === null ? 0 : 1]]),
    family(
      'refresh_blocked',
      'Whether nothing is refreshed because the vault is an older copy or was moved.',
      [[{}, status.blockedSince === null ? 0 : 1]],
    ),
    family(
      'abuse',
      'Signs of abuse in the events of the last day, by kind.',
      ABUSES.map((kind) => [{ kind }, status.abuse.find((abuse) => abuse.kind === kind)?.count ?? 0]),
    ),
    family('status_timestamp_seconds', 'When this was written.', [[{}, seconds(at) ?? 0]]),
    ...(named
      ? [
          family(
            'token_expiry_timestamp_seconds',
            'When the access token expires.',
            each((a) => seconds(a.expiresAt)),
          ),
          family(
            'grant_expiry_timestamp_seconds',
            'When the grant expires.',
            each((a) => seconds(a.grantExpiresAt)),
          ),
          family(
            'account_failures',
            'Failed refreshes in a row.',
            each((a) => a.failures),
          ),
        ]
      : []),
  ].join('');
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const full = `token_vault_${name}`;
  const lines = samples.map(([labels, value]) => `${full}${labelText(labels)} ${value}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} gauge`, ...lines, ''].join('\n');
}

function labelText(labels: Sample[0]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Quotes as the format demands. Characters that could hide or reorder text are written as escapes, as in `list`. */
function escaped(value: string): string {
  return harmless(value).replace(/[\\"]/g, (character) => `\\${character}`);
}
