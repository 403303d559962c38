import { type Account, accountName, type Consent } from '../../domain/account.js';
import type { NotificationEvent } from '../../domain/audit-events.js';
import { ending } from '../../domain/dueness.js';
import { DAY } from '../../domain/duration.js';
import { command, loginCommand, shellName } from '../../domain/hints.js';
import { timesInARow } from '../../domain/wording.js';
import type { GrantLimit, Provider } from '../../providers/contract.js';

/** The shortest grants last seven days (Google's, in testing), so this leaves two days to log in. */
const SOON = 2 * DAY;

/** A state of an account that the user should know. */
export interface Notice {
  readonly event: NotificationEvent;
  readonly account: Account;
  readonly reason: string;
  readonly hint: string;
  /** When it began. */
  readonly since: number;
  /** The end of the grant, for `grant_ending`; null otherwise. */
  readonly endsAt: number | null;
}

/** The end of a grant, and the reason for a guess; null where the provider reports it. */
export interface GrantEnd {
  readonly at: number;
  readonly why: string | null;
}

/**
 * The current notices of an account.
 *
 * @param end null: the end of its grant is unknown
 * @param profile of the vault, for the hints
 */
export function noticesOf(
  account: Account,
  end: GrantEnd | null,
  now: number,
  profile: string | null,
): readonly Notice[] {
  const name = accountName(account);
  const base = { account, since: account.updatedAt, endsAt: null };
  if (account.status === 'login_needed') {
    const reason = account.reason ?? `${name} needs a new login`;
    return [{ ...base, event: 'login_needed', reason, hint: loginCommand(account, profile) }];
  }
  const notices: Notice[] = [];
  if (end !== null && end.at - now <= SOON) {
    const said = `the grant of ${name} ${ending(end.at, now)}`;
    const reason = end.why === null ? said : `${said}, probably: ${end.why}`;
    const hint = loginCommand(account, profile);
    notices.push({ ...base, event: 'grant_ending', reason, hint, since: now, endsAt: end.at });
  }
  if (account.status === 'failing') {
    const why = account.reason ?? account.lastError ?? 'the provider was not available';
    const reason = `refreshing ${name} failed ${timesInARow(account.failures)}: ${why}`;
    notices.push({
      ...base,
      event: 'failing',
      reason,
      hint: command(`refresh ${shellName(account)} --force`, profile),
    });
  }
  return notices;
}

/**
 * Guesses the end of a grant that the provider does not report: when the one before it had to be renewed after a known
 * limit, this one will end after the same time.
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

/**
 * The end of a grant: as reported by the provider, else {@link likelyEnd}; null: unknown.
 *
 * @param provider null when it is not configured (any more)
 */
export async function grantEnd(
  account: Account,
  consents: (id: string) => Promise<readonly Consent[]>,
  provider: (name: string) => Promise<Pick<Provider, 'grantLimits'> | null>,
): Promise<GrantEnd | null> {
  if (account.grantExpiresAt !== null) return { at: account.grantExpiresAt, why: null };
  if (!account.hasRefreshToken || account.status === 'login_needed') return null;
  const given = await consents(account.id);
  return given.length < 2 ? null : likelyEnd(given, (await provider(account.provider))?.grantLimits ?? []);
}
