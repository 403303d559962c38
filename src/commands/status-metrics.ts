import type { AbuseKind } from '../audit/abuse.js';
import { ACCOUNT_STATUSES, accountName } from '../domain/account.js';
import { harmless } from '../domain/safe-text.js';
import type { VaultStatus } from '../services/overview/status-contract.js';

const ABUSES: readonly AbuseKind[] = [
  'wrong_callbacks',
  'login_strangers',
  'many_logins',
  'wrong_keys',
  'other_issuer',
  'integrity_alarm',
  'queue_altered',
  'trail_altered',
];

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * The state as a text file for Prometheus' node_exporter (text exposition format 0.0.4).
 *
 * @param named with a series for each account, by name: a name often is an address
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
    family('tokens_ending', 'Access tokens that end soon and cannot be renewed.', [
      [{}, status.tokensEnding.length],
    ]),
    family('grants_ending', 'Grants that end soon.', [[{}, status.grantsEnding.length]]),
    family(
      'last_refresh_timestamp_seconds',
      'When a token was refreshed last.',
      last === null ? [] : [[{}, last]],
    ),
    family('agent_running', 'Whether the agent runs.', [[{}, status.agent === null ? 0 : 1]]),
    family(
      'abuse',
      'What the events of the last day tell of abuse, by kind.',
      ABUSES.map((kind) => [{ kind }, status.abuse.find((abuse) => abuse.kind === kind)?.count ?? 0]),
    ),
    family('status_timestamp_seconds', 'When this was written.', [[{}, seconds(at) ?? 0]]),
    ...(named
      ? [
          family(
            'token_expiry_timestamp_seconds',
            'When the access token ends.',
            each((a) => seconds(a.expiresAt)),
          ),
          family(
            'grant_expiry_timestamp_seconds',
            'When the grant ends.',
            each((a) => seconds(a.grantExpiresAt)),
          ),
          family(
            'account_failures',
            'Refreshes that failed in a row.',
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

/** As the format wants it. What else could turn or hide a line stands there as its escape, which `list` shows too. */
function escaped(value: string): string {
  return harmless(value).replace(/[\\"]/g, (character) => `\\${character}`);
}
