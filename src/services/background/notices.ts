import { type Account, accountName, type Consent } from '../../domain/account.js';
import { DAY } from '../../domain/duration.js';
import { loginCommand, shellName } from '../../domain/hints.js';
import { ending } from '../../domain/token-state.js';
import type { GrantLimit } from '../../providers/contract.js';
import type { NotificationEvent } from '../../stores/contract.js';

/** A grant that ends this soon is told: of Google's seven days five are over then. */
const SOON = 2 * DAY;

/** A state of an account that its owner should know of. */
export interface Notice {
  readonly event: NotificationEvent;
  readonly account: Account;
  /** In words. */
  readonly reason: string;
  /** The command that helps. */
  readonly hint: string;
  /** When it began, in milliseconds since the epoch. */
  readonly since: number;
  /** The end of the grant, for `grant_ending`; null otherwise. */
  readonly endsAt: number | null;
}

/** When a grant ends, and why that is thought when the provider does not say it. */
export interface GrantEnd {
  readonly at: number;
  readonly why: string | null;
}

/** What there is to tell of an account now. @param end null when nothing is known of the end of its grant */
export function noticesOf(account: Account, end: GrantEnd | null, now: number): readonly Notice[] {
  const name = accountName(account);
  const base = { account, since: account.updatedAt, endsAt: null };
  if (account.status === 'login_needed') {
    const reason = account.reason ?? `${name} needs a new login`;
    return [{ ...base, event: 'login_needed', reason, hint: loginCommand(account) }];
  }
  const notices: Notice[] = [];
  if (end !== null && end.at - now <= SOON) {
    const said = `the grant of ${name} ${ending(end.at, now)}`;
    const reason = end.why === null ? said : `${said}, as it seems: ${end.why}`;
    const hint = loginCommand(account);
    notices.push({ ...base, event: 'grant_ending', reason, hint, since: now, endsAt: end.at });
  }
  if (account.status === 'failing') {
    const why = account.reason ?? account.lastError ?? 'the provider was not available';
    const reason = `refreshing ${name} failed ${account.failures} times in a row: ${why}`;
    notices.push({ ...base, event: 'failing', reason, hint: `vault refresh ${shellName(account)} --force` });
  }
  return notices;
}

/**
 * When a grant ends whose provider does not say so. Where the one before it had to be renewed after just the time that
 * some of the provider's grants live, this one will end like it.
 *
 * @param consents newest first
 */
export function likelyEnd(consents: readonly Consent[], limits: readonly GrantLimit[]): GrantEnd | null {
  const [last, before] = consents;
  if (last === undefined || before === undefined) return null;
  const lasted = last.at - before.at;
  const limit = limits.find(
    ({ days, from, until }) =>
      from === 'consent' && until !== null && lasted >= (days - 0.5) * DAY && lasted <= until * DAY,
  );
  return limit === undefined ? null : { at: last.at + limit.days * DAY, why: limit.reason };
}
