import { describe, expect, it } from 'vitest';
import { loginState, paintState, tokenState } from '../../src/commands/account-state.js';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.js';
import { plainTheme } from '../../src/ui/theme.js';
import { accountExample } from '../doubles/account.js';
import { NOW } from '../doubles/terminal.js';

const SOON = NOW + 40 * MINUTE;
const CASES: readonly [string, Parameters<typeof accountExample>[0], string, string][] = [
  ['works', {}, 'ok', 'renews itself'],
  ['works, and its token has ended', { expiresAt: NOW - 3 * HOUR }, 'ok', 'renews itself'],
  ['has a grant that ends soon', { grantExpiresAt: NOW + 5 * DAY }, 'ends in 5d', 'renews itself'],
  ['has a grant that ends in a month', { grantExpiresAt: NOW + 30 * DAY }, 'ok', 'renews itself'],
  [
    'has a grant that has ended',
    { grantExpiresAt: NOW - 1, expiresAt: SOON },
    'needs login',
    'cannot renew: ends in 40m',
  ],
  ['has no refresh token', { hasRefreshToken: false, expiresAt: SOON }, 'ok', 'cannot renew: ends in 40m'],
  ['has a token of unknown end', { hasRefreshToken: false, expiresAt: null }, 'ok', 'cannot renew'],
  ['had a token', { hasRefreshToken: false, expiresAt: NOW - 3 * HOUR }, 'needs login', 'ended 3h ago'],
  [
    'needs a login, and its token works',
    { status: 'login_needed', expiresAt: SOON },
    'needs login',
    'cannot renew: ends in 40m',
  ],
  ['lacks scopes', { status: 'insufficient_scope' }, 'scopes missing', 'renews itself'],
  ['keeps failing', { status: 'failing', expiresAt: SOON }, 'failing', 'ends in 40m'],
  ['keeps failing, and has ended', { status: 'failing', expiresAt: NOW - HOUR }, 'failing', 'ended 1h ago'],
  ['was revoked', { status: 'revoked', expiresAt: null }, 'revoked', 'cannot renew'],
];

describe('the state of an account', () => {
  it.each(CASES)('that %s', (_, facts, login, token) => {
    const account = accountExample(facts);
    expect([loginState(account, NOW), tokenState(account, NOW)]).toEqual([login, token]);
  });

  it.each([
    ['ok', 'green'],
    ['renews itself', 'green'],
    ['needs login', 'red'],
    ['ended 3h ago', 'red'],
    ['revoked', 'dim'],
    ['failing', 'yellow'],
    ['cannot renew: ends in 40m', 'yellow'],
  ] as const)('%s is %s', (state, style) => {
    expect(paintState(state, { ...plainTheme, [style]: () => 'painted' })).toBe('painted');
  });
});
