import { describe, expect, it } from 'vitest';
import { metrics, printStatus, status } from '../../src/commands/status.js';
import { DAY } from '../../src/domain/duration.js';
import type { VaultStatus } from '../../src/services/overview/overview.js';
import { accountExample } from '../doubles/account.js';
import { terminal } from '../doubles/terminal.js';

const account = accountExample({
  label: 'a"\\b\n\u202e\u2028\u3164c@example.com',
  status: 'failing',
  failures: 3,
});
const found: VaultStatus = {
  hasVault: true,
  accounts: [account],
  tokensEnding: [],
  grantsEnding: [account],
  lastRefreshAt: 1_700_000_000_999,
  agent: 4_711,
  keyMissing: null,
  blockedSince: null,
  abuse: [{ kind: 'queue_altered', count: 7, message: '7 times' }],
  at: 1_700_000_100_000,
};

describe('vault status', () => {
  it.each([
    [{}, { within: 3 * DAY, prometheus: false, labels: false }],
    [{ days: '7' }, { within: 7 * DAY, prometheus: false, labels: false }],
    [
      { expiring: '12h', prometheus: true },
      { within: DAY / 2, prometheus: true, labels: false },
    ],
  ])('reads %j', (options, expected) => {
    expect(status.parse({ args: [], options })).toEqual(expected);
  });

  it('accepts --labels for metrics only', () => {
    expect(() => status.parse({ args: [], options: { labels: true } })).toThrow(
      '--labels can be used only with --prometheus',
    );
  });
});

describe('the summary', () => {
  it('says that the key is missing and that nothing is refreshed, with what to type', () => {
    const { io, written } = terminal();
    const troubled = { ...found, keyMissing: 'key file /k', blockedSince: 1, accounts: [], abuse: [] };
    printStatus(troubled, 3 * DAY, io);
    expect(written.stdout).toContain(
      '! the key cannot be read: the key file /k does not exist\n  hint: vault key status\n' +
        '! nothing is refreshed: the vault is an older copy, or was copied or moved\n  hint: vault doctor --accept-rollback\n',
    );
    expect(metrics(troubled, false)).toContain('token_vault_refresh_blocked 1\n');
    expect(metrics(troubled, false)).toContain('token_vault_key_missing 1\n');
  });

  it('shows why an account is failing', () => {
    const { io, written } = terminal();
    const failing = accountExample({ status: 'failing', failures: 3, reason: 'Google refuses this client' });
    printStatus({ ...found, accounts: [failing] }, 3 * DAY, io);
    expect(written.stdout).toContain(
      '! google/alice@example.com: failing: Google refuses this client\n  hint: vault refresh google/alice@example.com --force\n',
    );
  });
});

describe('the metrics', () => {
  it('are in the format of node_exporter, without any name', () => {
    const text = metrics(found, false);
    expect(text).toContain('token_vault_accounts{status="failing"} 1\n');
    expect(text).toContain('token_vault_last_refresh_timestamp_seconds 1700000000\n');
    expect(text).toContain('token_vault_agent_running 1\n');
    expect(text).toContain('token_vault_abuse{kind="queue_altered"} 7\n');
    expect(text).not.toContain('example.com');
    const line = /^(?:# (?:HELP|TYPE) token_vault_\w+ .+|token_vault_\w+(?:\{[^{}]*\})? \d+)$/;
    expect(
      text
        .split('\n')
        .slice(0, -1)
        .filter((each) => !line.test(each)),
    ).toEqual([]);
    expect(text.endsWith('\n')).toBe(true);
  });

  it('name accounts with --labels, in escaped labels', () => {
    expect(metrics(found, true)).toContain(
      `token_vault_account_failures{account="${account.provider}/a\\"\\\\b\\\\x0a\\\\u202e\\\\u2028\\\\u3164c@example.com",provider="${account.provider}"} 3\n`,
    );
  });

  it('omit values that do not exist', () => {
    expect(metrics({ ...found, lastRefreshAt: null }, false)).not.toContain('last_refresh');
  });
});
