import { type Account, accountName } from '../domain/account.js';
import { DAY, formatDuration } from '../domain/duration.js';
import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { isInBackoff } from '../domain/status.js';
import { isUsable } from '../domain/token-state.js';
import { count } from '../domain/wording.js';
import type { Check, HealthDeps } from './contract.js';

/** A person needs this much notice to log in again. */
const NEAR = 3 * DAY;

/** Accounts that need a person, now or soon. */
export const grants: Check = {
  name: 'grants',
  title: 'accounts',
  group: 'accounts',
  async run(deps) {
    const accounts = await deps.accounts();
    if (accounts.length === 0) return [skipped('there are no accounts yet')];
    const looks = await Promise.all(accounts.map((account) => look(account, deps)));
    const findings = looks.flat();
    const well = looks.filter((found) => found.length === 0).length;
    return [
      ...(well > 0 ? [fine(`${count(well, 'account')} ${well === 1 ? 'is' : 'are'} well`)] : []),
      ...findings,
    ];
  },
};

async function look(account: Account, deps: HealthDeps): Promise<Finding[]> {
  const name = accountName(account);
  const about = { account: name, provider: account.provider };
  const now = deps.clock.now();
  const login = deps.commands.login(account);
  const needsLogin = `${name} needs a new login`;
  // What is known of it was a sentence of its own, about this very account.
  const known = account.reason?.replace(`${needsLogin}: `, '').replace(`${name}: `, '') ?? '';
  const why = known === '' ? '' : `: ${readable(known)}`;
  if (account.status === 'login_needed' || account.status === 'revoked') {
    const message = known.startsWith(`${name} `) ? readable(known) : `${needsLogin}${why}`;
    return [problem('login_needed', message, login, about)];
  }
  if (account.grantExpiresAt !== null && account.grantExpiresAt <= now) {
    return [problem('login_needed', `the grant of ${name} has ended`, login, about)];
  }
  if (!account.hasRefreshToken && !isUsable(account, now)) {
    const message = `the access token of ${name} has ended, and there is no refresh token`;
    return [problem('login_needed', message, login, about)];
  }
  if (account.status === 'failing') {
    const rest = isInBackoff(account, now)
      ? `, and rests for another ${formatDuration((account.retryAt ?? now) - now)}`
      : '';
    const message = `${name} failed ${account.failures} times in a row${rest}${why}`;
    const code = isRefusal(account.lastError) ? account.lastError : 'provider_unavailable';
    const remedy = `vault refresh ${deps.commands.name(account)} --force`;
    return [problem(code, message, remedy, about), ...lackingScopes(account, deps)];
  }
  if (account.grantExpiresAt !== null && account.grantExpiresAt - now <= NEAR) {
    const left = formatDuration(account.grantExpiresAt - now);
    return [warning(`the grant of ${name} ends in ${left}`, login, about)];
  }
  if (account.status === 'insufficient_scope') return lackingScopes(account, deps, why);
  if (account.lastError === 'provider_answer_invalid' && account.failures === 0) {
    return [warning(`the last answer for ${name} was odd${why}`, login, about)];
  }
  const likely = await deps.likelyEnd(account);
  if (likely !== null && likely.at > now && likely.at - now <= NEAR) {
    const because = likely.why === null ? '' : `: ${likely.why}`;
    const message = `the grant of ${name} ends in ${formatDuration(likely.at - now)}, as it seems${because}`;
    return [warning(message, login, about)];
  }
  if (!account.hasRefreshToken && account.expiresAt !== null) {
    const left = formatDuration(account.expiresAt - now);
    return [warning(`${name} has no refresh token: its access token ends in ${left}`, login, about)];
  }
  return [];
}

/** @param why what is known of it; left out: as the scopes themselves tell */
function lackingScopes(account: Account, deps: HealthDeps, why?: string): Finding[] {
  const name = accountName(account);
  const missing = missingScopes(account.askedScopes, account.grantedScopes);
  if (missing.length === 0 && why === undefined) return [];
  const said = why ?? `: ${readable(`not granted: ${missing.join(' ')}`)}`;
  const remedy = missing.length === 0 ? deps.commands.login(account) : deps.commands.widen(account, missing);
  const about = { account: name, provider: account.provider };
  return [warning(`${name} lacks scopes that were asked for${said}`, remedy, about)];
}

function isRefusal(code: string | null): code is 'client_refused' | 'policy_refused' {
  return code === 'client_refused' || code === 'policy_refused';
}
