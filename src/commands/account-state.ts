import type { Account } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import type { Theme } from '../ui/io.js';

/* The state of an account in a few words: of its login, which the user has to renew, and of its access token. */

type Timed = Pick<Account, 'status' | 'expiresAt' | 'grantExpiresAt' | 'hasRefreshToken'>;

/** A grant that ends later is nothing to see to now. */
const SOON = 7 * DAY;

/** The states of a login without its times, from the best to the worst. */
export const LOGIN_STATES = ['ok', 'scopes missing', 'failing', 'needs login', 'revoked'] as const;
type LoginState = (typeof LOGIN_STATES)[number];

const STATE_OF: Readonly<Record<Account['status'], LoginState>> = {
  active: 'ok',
  insufficient_scope: 'scopes missing',
  failing: 'failing',
  login_needed: 'needs login',
  revoked: 'revoked',
};

export function loginStateOf(account: Timed, now: number): LoginState {
  return whatEnded(account, now) === null ? STATE_OF[account.status] : 'needs login';
}

/** What has ended by the clock, so that a login is needed whatever the status is; null: nothing has. */
export function whatEnded(
  { status, expiresAt, grantExpiresAt, hasRefreshToken }: Timed,
  now: number,
): string | null {
  const end = hasRefreshToken ? grantExpiresAt : expiresAt;
  if (status === 'login_needed' || status === 'revoked' || end === null || end > now) return null;
  return hasRefreshToken ? 'its grant has ended' : 'its access token has ended, and it has no refresh token';
}

/** The same, or `ends in 5d` where that is all there is to say. */
export function loginState(account: Timed, now: number): string {
  const state = loginStateOf(account, now);
  const { grantExpiresAt: end } = account;
  const isGood = state === 'ok' || state === 'scopes missing';
  return isGood && end !== null && end - now <= SOON ? `ends in ${formatDuration(end - now)}` : state;
}

/** `renews itself`, `cannot renew: ends in 40m`, `cannot renew`, `ends in 40m`, `ended 3h ago`, `unknown end` */
export function tokenState(account: Timed, now: number): string {
  const { expiresAt: end, hasRefreshToken } = account;
  const login = loginStateOf(account, now);
  const isRenewed = hasRefreshToken && login !== 'needs login' && login !== 'revoked';
  if (isRenewed && login !== 'failing') return 'renews itself';
  if (end !== null && end <= now) return `ended ${formatDuration(now - end)} ago`;
  const ending = end === null ? null : `ends in ${formatDuration(end - now)}`;
  if (isRenewed) return ending ?? 'unknown end';
  return ending === null ? 'cannot renew' : `cannot renew: ${ending}`;
}

export function paintState(state: string, theme: Theme): string {
  if (state === 'ok' || state === 'renews itself') return theme.green(state);
  if (state === 'revoked') return theme.dim(state);
  return state === 'needs login' || state.startsWith('ended') ? theme.red(state) : theme.yellow(state);
}
