import { accountName } from '../domain/account.js';
import { loginCommand, widenHint } from '../domain/hints.js';
import { isReadable, readable } from '../domain/scopes.js';
import { ending, rfc3339 } from '../domain/time.js';
import type { LoginPlan, LoginResult } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import type { Entry } from '../ui/layout.js';

/** The keys are an API: more may join, none leaves. */
export function loginDocument(result: LoginResult) {
  const { account, identity, missingScopes, created, renamedFrom } = result;
  return {
    account: accountName(account),
    provider: account.provider,
    issuer: account.issuer,
    subject: identity.subject,
    status: account.status,
    scopes: account.grantedScopes,
    missing_scopes: missingScopes,
    withdrawn_scopes: result.withdrawnScopes,
    expires_at: rfc3339(account.expiresAt),
    has_refresh_token: account.hasRefreshToken,
    refresh_token_in_doubt: result.inDoubt,
    created,
    renamed_from: renamedFrom,
  };
}

/** What a person should know of a finished login. Shortcomings are told with `--quiet` as well. */
export function sayResult(result: LoginResult, io: Io): void {
  const { account, missingScopes, withdrawnScopes, renamedFrom } = result;
  io.say(greeting(result), 'green');
  if (renamedFrom !== null) io.say(`it was called ${renamedFrom} before`);
  if (!account.hasRefreshToken) {
    io.warn('warning: the provider gave no refresh token, so this account cannot be refreshed', 'yellow');
    io.warn(`  its access token: ${ending(account.expiresAt, io.now())}; after that, log in again`);
  } else if (result.inDoubt) {
    io.warn('warning: this login brought no refresh token, and the stored one may be spent', 'yellow');
    io.warn('  the answer to the last refresh was lost, so the next refresh may be refused');
    io.warn(`  hint: take the access of this program away at the provider, then: ${loginCommand(account)}`);
  } else if (result.keptRefreshToken) {
    io.say('this login brought no refresh token; the stored one is kept');
  }
  if (missingScopes.length > 0) {
    io.warn(`warning: not granted: ${readable(missingScopes.join(' '))}`, 'yellow');
  }
  if (withdrawnScopes.length > 0) {
    io.warn(`warning: granted before and no longer: ${readable(withdrawnScopes.join(' '))}`, 'yellow');
  }
  const lacking = [...missingScopes, ...withdrawnScopes];
  if (lacking.length > 0) {
    const hint = widenHint(account, lacking);
    io.warn(`  hint: ${lacking.every(isReadable) ? 'log in again and allow them: ' : ''}${hint}`);
  }
}

function greeting({ account, identity, created }: LoginResult): string {
  const who = identity.name ?? identity.email ?? identity.subject;
  const name = accountName(account);
  return created
    ? `logged in as ${who}: ${name} is new in this vault`
    : `logged in as ${who}: ${name} is up to date`;
}

export function planDocument(plan: LoginPlan) {
  return {
    provider: plan.provider,
    title: plan.title,
    issuer: plan.issuer,
    authorization_endpoint: plan.authorizationEndpoint,
    token_endpoint: plan.tokenEndpoint,
    client_id: plan.clientId,
    redirect_uri: plan.redirectUri,
    device: plan.device,
    device_authorization_endpoint: plan.deviceAuthorizationEndpoint,
    scopes: plan.scopes,
    pkce: plan.pkce,
    authorize_params: plan.authorizeParams,
    account: plan.account,
  };
}

const DISCOVERED = 'asked of the issuer at login';

export function planEntries(plan: LoginPlan): Entry[] {
  const parameters = Object.entries(plan.authorizeParams).map(([name, value]) => `${name}=${value}`);
  return [
    ['provider', `${plan.title} (${plan.provider})`],
    ...(plan.account === null ? [] : [['adds scopes to', plan.account] as const]),
    ['issuer', plan.issuer],
    plan.device
      ? ['device authorization endpoint', plan.deviceAuthorizationEndpoint ?? DISCOVERED]
      : ['authorization endpoint', plan.authorizationEndpoint ?? DISCOVERED],
    ['token endpoint', plan.tokenEndpoint ?? DISCOVERED],
    ['client id', plan.clientId],
    ...(plan.redirectUri === null ? [] : [['redirect URI', plan.redirectUri] as const]),
    ['scopes', plan.scopes.length === 0 ? 'none' : plan.scopes],
    ...(plan.device ? [] : [['PKCE', plan.pkce ? 'S256' : 'not understood by the provider'] as const]),
    ...(parameters.length === 0 ? [] : [['also sent', parameters] as const]),
  ];
}
