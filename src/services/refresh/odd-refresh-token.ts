import { type Account, accountName } from '../../domain/account.js';
import { loginCommand } from '../../domain/hints.js';
import type { StatusFacts } from '../../domain/status.js';
import type { GrantedAnswer } from '../../oauth/contract.js';
import { ODD_REFRESH_TOKEN } from '../../oauth/token-answer.js';

/*
 * An answer can bring a good access token and a refresh token that nobody can send back. The old one is kept; whether the
 * provider still takes it shows only at the next refresh, when there may be nobody there to read of it. So it is told now.
 */

const WHAT = 'the provider sent a new refresh token that cannot be used, so the old one was kept';

/** The status of an account after such an answer; after any other one it is left as it is. */
export function notingOddToken({ flaws }: Pick<GrantedAnswer, 'flaws'>, status: StatusFacts): StatusFacts {
  if (!flaws.includes(ODD_REFRESH_TOKEN)) return status;
  const reason = status.reason === null ? WHAT : `${status.reason}; ${WHAT}`;
  return { ...status, reason, lastError: 'provider_answer_invalid' };
}

/** @returns what a person is told of it, with the command that helps; null when the last answer was in order */
export function oddTokenWarning(account: Account): string | null {
  const noted = account.failures === 0 && account.lastError === 'provider_answer_invalid';
  if (!noted) return null;
  return `${accountName(account)}: ${WHAT}; the next refresh may fail, and a new login helps (${loginCommand(account)})`;
}
