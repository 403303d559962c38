import { type Account, accountName } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import { command, loginCommand, shellName, widenHint } from '../domain/hints.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { isInBackoff } from '../domain/status.js';
import { isUsable } from '../domain/token-state.js';
import { count, timesInARow } from '../domain/wording.js';
import type { Check, HealthContext } from './contract.js';

/** The user needs this much notice. */
const NEAR = 3 * DAY;

/** Accounts that need a login, now or soon. */
export const grants: Check = {
  name: 'grants',
  title: 'accounts',
  group: 'accounts',
  async run(ctx) {
    const accounts = await ctx.accounts();
    if (accounts.length === 0) return [skipped('there are no accounts yet')];
    const results = await Promise.all(accounts.map((account) => checkAccount(account, ctx)));
    const findings = results.flat();
    const working = results.filter((found) => found.length === 0).length;
    return [
      ...(working > 0 ? [fine(`${count(working, 'account')} ${working === 1 ? 'works' : 'work'}`)] : []),
      ...findings,
    ];
  },
};

async function checkAccount(account: Account, ctx: HealthContext): Promise<Finding[]> {
  const name = accountName(account);
  const about = { account: name, provider: account.provider };
  const now = ctx.clock.now();
  const login = loginCommand(account);
  const needsLogin = `${name} needs a new login`;
  // The stored reason may begin with the same words.
  const known = account.reason?.replace(`${needsLogin}: `, '').replace(`${name}: `, '') ?? '';
  const why = known === '' ? '' : `: ${readable(known)}`;
  if (account.status === 'login_needed' || account.status === 'revoked') {
    const message = known.startsWith(`${name} `) ? readable(known) : `${needsLogin}${why}`;
    return [problem('login_needed', message, login, about)];
  }
  if (account.grantExpiresAt !== null && account.grantExpiresAt <= now) {
    return [problem('login_needed', `the grant of ${name} has expired`, login, about)];
  }
  if (!account.hasRefreshToken && !isUsable(account, now)) {
    const message = `the access token of ${name} has expired and it has no refresh token`;
    return [problem('login_needed', message, login, about)];
  }
  if (account.status === 'failing') {
    const backoff = isInBackoff(account, now)
      ? `; next automatic attempt in ${formatDuration((account.retryAt ?? now) - now)}`
      : '';
    const message = `${name} failed ${timesInARow(account.failures)}${backoff}${why}`;
    const code = isRefusal(account.lastError) ? account.lastError : 'provider_unavailable';
    const remedy = command(`refresh ${shellName(account)} --force`);
    return [problem(code, message, remedy, about), ...scopeFindings(account)];
  }
  if (account.grantExpiresAt !== null && account.grantExpiresAt - now <= NEAR) {
    const left = formatDuration(account.grantExpiresAt - now);
    return [warning(`the grant of ${name} expires in ${left}`, login, about)];
  }
  if (account.status === 'insufficient_scope') return scopeFindings(account, why);
  if (account.lastError === 'provider_answer_invalid' && account.failures === 0) {
    return [warning(`the last answer for ${name} was unusual${why}`, login, about)];
  }
  const likely = await ctx.likelyEnd(account);
  if (likely !== null && likely.at > now && likely.at - now <= NEAR) {
    const because = likely.why === null ? '' : `: ${likely.why}`;
    const message = `the grant of ${name} probably expires in ${formatDuration(likely.at - now)}${because}`;
    return [warning(message, login, about)];
  }
  if (!account.hasRefreshToken && account.expiresAt !== null) {
    const left = formatDuration(account.expiresAt - now);
    return [warning(`${name} has no refresh token: its access token expires in ${left}`, login, about)];
  }
  return [];
}

/** @param why default: the missing scopes */
function scopeFindings(account: Account, why?: string): Finding[] {
  const name = accountName(account);
  const missing = missingScopes(account.askedScopes, account.grantedScopes);
  if (missing.length === 0 && why === undefined) return [];
  const reason = why ?? `: ${readable(`not granted: ${missing.join(' ')}`)}`;
  const remedy = missing.length === 0 ? loginCommand(account) : widenHint(account, missing);
  const about = { account: name, provider: account.provider };
  return [warning(`${name} lacks requested scopes${reason}`, remedy, about)];
}

function isRefusal(code: string | null): code is 'client_refused' | 'policy_refused' {
  return code === 'client_refused' || code === 'policy_refused';
}
