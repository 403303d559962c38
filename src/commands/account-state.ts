import type { Account } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import type { Theme } from '../ui/io.js';

/* The state of an account in a few words: of its login, which the user has to renew, and of its access token. */

type Timed = Pick<Account, 'status' | 'expiresAt' | 'grantExpiresAt' | 'hasRefreshToken'>;

/** A grant that ends later is nothing to see to now. */
const SOON = 7 * DAY;

/** `ok`, `ends in 5d`, `needs login`, `scopes missing`, `failing`, `revoked` */
export function loginState(account: Timed, now: number): string {
  const { status, expiresAt, grantExpiresAt: end, hasRefreshToken } = account;
  if (status === 'revoked') return 'revoked';
  const ended = hasRefreshToken ? end : expiresAt;
  if (status === 'login_needed' || (ended !== null && ended <= now)) return 'needs login';
  if (status === 'failing') return 'failing';
  if (end !== null && end - now <= SOON) return `ends in ${formatDuration(end - now)}`;
  return status === 'insufficient_scope' ? 'scopes missing' : 'ok';
}

/** `renews itself`, `cannot renew: ends in 40m`, `cannot renew`, `ends in 40m`, `ended 3h ago`, `unknown end` */
export function tokenState(account: Timed, now: number): string {
  const { expiresAt: end, hasRefreshToken } = account;
  const login = loginState(account, now);
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
