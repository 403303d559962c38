import { describe, expect, it } from 'vitest';
import type { Account, Consent } from '../../../src/domain/account.js';
import { DAY, HOUR } from '../../../src/domain/duration.js';
import { nextStatus, type StatusFacts } from '../../../src/domain/status.js';
import { google } from '../../../src/providers/google.js';
import { type GrantEnd, likelyEnd, noticesOf } from '../../../src/services/notify/notices.js';
import { accountExample } from '../../doubles/account.js';
import { NOW } from '../../doubles/terminal.js';

const events = (account: Account, end: GrantEnd | null, now: number) =>
  noticesOf(account, end, now, null).map(({ event }) => event);

describe('the notices about an account', () => {
  it('are none while it is active', () => {
    expect(noticesOf(accountExample(), null, NOW, null)).toEqual([]);
    expect(noticesOf(accountExample({ failures: 2 }), { at: NOW + 3 * DAY, why: null }, NOW, null)).toEqual(
      [],
    );
    expect(noticesOf(accountExample({ status: 'insufficient_scope' }), null, NOW, null)).toEqual([]);
  });

  it('are that it needs a login, with the command, and nothing else', () => {
    const account = accountExample({ status: 'login_needed', reason: 'it was revoked', failures: 9 });
    expect(noticesOf(account, { at: NOW, why: null }, NOW, null)).toEqual([
      {
        event: 'login_needed',
        account,
        reason: 'it was revoked',
        hint: 'vault login google/alice@example.com',
        since: account.updatedAt,
        endsAt: null,
      },
    ]);
  });

  it('are that its grant expires in two days, the fifth of seven', () => {
    const end = { at: NOW + 2 * DAY, why: null };
    expect(noticesOf(accountExample(), end, NOW, null)).toMatchObject([
      {
        event: 'grant_ending',
        reason: 'the grant of google/alice@example.com expires in 2d',
        hint: 'vault login google/alice@example.com',
        endsAt: end.at,
      },
    ]);
    expect(noticesOf(accountExample(), end, NOW - 1, null)).toEqual([]);
    expect(noticesOf(accountExample(), end, NOW + 3 * DAY, null)).toMatchObject([
      { reason: 'the grant of google/alice@example.com expired 1d ago' },
    ]);
  });

  it.each([
    ['the provider cannot be reached', 'transient', 'network_failed'],
    ['its client is refused again and again', 'refused', 'client_refused'],
  ] as const)(
    'is that refreshing keeps failing, with the reason in words, when %s and scopes are lacking',
    (_, failure, code) => {
      const failed = { kind: 'failed', failure, code, reason: 'the reason in words', now: NOW } as const;
      const account = accountExample({ status: 'insufficient_scope', reason: 'not granted: x' });
      const facts = [failed, failed, failed].reduce<StatusFacts>(nextStatus, account);
      expect(noticesOf({ ...account, ...facts }, null, NOW, null)).toMatchObject([
        {
          event: 'failing',
          reason: 'refreshing google/alice@example.com failed 3 times in a row: the reason in words',
          hint: 'vault refresh google/alice@example.com --force',
        },
      ]);
    },
  );

  it('may be two at once', () => {
    const account = accountExample({ status: 'failing', failures: 5 });
    expect(events(account, { at: NOW + HOUR, why: null }, NOW)).toEqual(['grant_ending', 'failing']);
  });
});

describe('the likely end of a grant that the provider does not report', () => {
  const consents = (...ages: number[]): Consent[] =>
    ages.map((age) => ({ at: NOW - age * DAY, how: 'browser', askedScopes: [], grantedScopes: [] }));
  const end = (...ages: number[]) => likelyEnd(consents(...ages), google.grantLimits);

  it.each([
    [[5, 12], NOW + 2 * DAY],
    [[5, 18], NOW + 2 * DAY],
    [[1, 8, 200], NOW + 6 * DAY],
  ])('is seven days after the last consent at Google, if the one before was so: %j', (ages, at) => {
    expect(end(...ages)).toEqual({ at, why: expect.stringContaining('"Testing"') });
  });

  it.each([[[5]], [[5, 6]], [[5, 35]], [[]]])('is not estimated without such a sign: %j', (ages) => {
    expect(end(...ages)).toBeNull();
  });
});
