import { type Account, accountName } from '../domain/account.js';
import { DAY } from '../domain/duration.js';
import { reworded } from '../domain/error-forms.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import { command, loginCommand, setProvider } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { FAILING_AFTER } from '../domain/status.js';
import { describeTransport, type TransportFailure, transportHint } from '../domain/transport.js';
import type { RefusedAnswer } from '../oauth/contract.js';
import type { Provider } from '../providers/contract.js';
import { openDetails, openHint, openOutcome } from './refresh/open-refresh.js';

/** The error for an account that is skipped until a login. */
export function loginNeeded(account: Account): VaultError {
  const why = account.reason ?? `${accountName(account)} needs a new login`;
  const more = account.retryAt === null ? '' : `\n${compareClient(account.provider)}`;
  return new VaultError('login_needed', why, { hint: `${loginCommand(account)}${more}` });
}

/** Whether a login is only the likely remedy; see {@link refreshRefusal}. */
export function isLoginUncertain({ code, details }: VaultError): boolean {
  return code === 'login_needed' && details['provider_error'] === AMBIGUOUS;
}

/**
 * RFC 6749 §5.2 defines it for a malformed request. Several servers (LemonLDAP::NG, thephpleague/oauth2-server, jmondi's)
 * also send it for a refresh token that they no longer know, although they accepted requests of the same form before.
 */
const AMBIGUOUS = 'invalid_request';

function compareClient(provider: string): string {
  return `if that does not help, compare the client with what is registered: ${command(`providers ${quoted(provider)}`)}`;
}

/** The error of a provider that refused something. */
export type Said = Pick<RefusedAnswer, 'error' | 'detail' | 'description'>;

/** @param words what the refusal means; the provider's own error follows in brackets */
export function refusal(code: ErrorCode, words: string, said: Said, hint: string): VaultError {
  const { error, detail, description } = said;
  const what = inWords(error);
  const name = detail === null ? what : `${what}, ${detail}`;
  return new VaultError(code, `${words} (${description === null ? name : `${name}: ${description}`})`, {
    hint,
    details: { provider_error: error, provider_detail: detail },
  });
}

/** Without a code of the provider there is only the form of its answer. */
function inWords(error: string): string {
  if (error === 'not_json') return 'its answer is no JSON; a proxy or a sign-in page may have answered';
  return error.replace(/^http_(\d+)$/, 'HTTP $1');
}

/** What the account's history says when its refresh is refused; all in milliseconds since the epoch. */
export interface RefreshHistory {
  /** When the user last consented. */
  readonly consentedAt: number;
  /** When the first refresh with this token began whose outcome is unknown; null when there was none. */
  readonly openSince: number | null;
  readonly now: number;
}

/** Begins the hint when no request reached the provider, or it was refused. */
const NOTHING_LOST = 'nothing is lost';

/** The error for a provider's refusal to refresh: what it means for this account, and the next command. */
export function refreshRefusal(
  account: Account,
  provider: Provider,
  refused: RefusedAnswer,
  history: RefreshHistory,
): VaultError {
  const error = refusedRefresh(account, provider, refused, history);
  // The provider has decided about this very token.
  if (refused.class === 'login_needed' || history.openSince === null) return error;
  return leavingOpen(error, account, history.openSince, history.now);
}

/** Adds to a failure that an earlier attempt got no final answer, so that the outcome is open. */
function leavingOpen(error: VaultError, account: Account, since: number, now: number): VaultError {
  const { hint = NOTHING_LOST } = error;
  const own = hint.startsWith(NOTHING_LOST) ? [] : [hint];
  return reworded(error, {
    message: `${error.message}; ${openOutcome(since)}`,
    hint: [...own, openHint(account, now)].join('\n'),
    details: { ...error.details, ...openDetails(since) },
  });
}

function refusedRefresh(
  account: Account,
  provider: Provider,
  refused: RefusedAnswer,
  history: RefreshHistory,
): VaultError {
  const { title } = provider;
  const name = accountName(account);
  if (provider.grant !== undefined) return grantRefusal(provider, name, refused);
  const login = loginCommand(account);
  const later = `${NOTHING_LOST}; try again in a few minutes`;
  switch (refused.class) {
    case 'login_needed': {
      const words = `${name} needs a new login: the provider ${title} no longer accepts the refresh token of this account${likelyReason(account, provider, history)}`;
      return refusal('login_needed', words, refused, login);
    }
    case 'transient': {
      if (!isMute(account, refused))
        return refusal('provider_unavailable', `${title} could not refresh ${name}`, refused, later);
      const words = `${title} has refused ${account.failures + 1} times in a row to refresh ${name}, without a reason`;
      return refusal('provider_unavailable', words, refused, `${later}\nor log in again: ${login}`);
    }
    case 'policy': {
      const hint = 'ask the administrator of the account; a new login will not help';
      return policyRefusal(provider, `refreshing ${name}`, refused, hint);
    }
    case 'configuration':
      if (provider.registered === true && refused.error === 'invalid_client') {
        const words = `${name} needs a new login: ${title} no longer accepts the client that this program registered there, and the refresh token is of no use to another client`;
        return refusal('login_needed', words, refused, login);
      }
      return likelyDead(account, provider, refused) ?? clientRefused(provider, refused);
  }
}

/**
 * A request without a user is refused. No login helps, whatever the provider's code says.
 *
 * @param name of the account, or of the provider before there is one
 */
export function grantRefusal(provider: Provider, name: string, refused: RefusedAnswer): VaultError {
  const { title } = provider;
  if (refused.class === 'transient') {
    const later = `${NOTHING_LOST}; try again in a few minutes`;
    return refusal('provider_unavailable', `${title} could not issue a token for ${name}`, refused, later);
  }
  if (refused.class === 'policy')
    return policyRefusal(provider, `tokens for ${name}`, refused, 'ask the administrator of the client');
  return clientRefused(provider, refused);
}

/** @param what is forbidden */
export function policyRefusal({ title }: Provider, what: string, said: Said, hint: string): VaultError {
  return refusal('policy_refused', `a policy of ${title} or of an administrator forbids ${what}`, said, hint);
}

/**
 * Whether a server that has refreshed the account before keeps refusing it without an error code. A gateway in between may
 * do so for a while; glewlwyd does so for every refresh token that has expired.
 */
function isMute({ lastRefreshAt, failures }: Account, { error }: RefusedAnswer): boolean {
  return /^http_40[013]$/.test(error) && lastRefreshAt !== null && failures + 1 >= FAILING_AFTER;
}

/** @returns null where the error is more specific than {@link AMBIGUOUS}, or the provider is known to mean it literally */
function likelyDead(account: Account, provider: Provider, said: Said): VaultError | null {
  const { error, detail } = said;
  if (error !== AMBIGUOUS || detail !== null || provider.errors.configuration.includes(error)) return null;
  const words = `${accountName(account)} probably needs a new login: ${provider.title} refuses to refresh it, with an error that some servers send for an expired refresh token`;
  return refusal('login_needed', words, said, `${loginCommand(account)}\n${compareClient(provider.name)}`);
}

/** The provider gave no answer that could be read. */
export function unreachable(failure: TransportFailure): VaultError {
  return new VaultError('network_failed', describeTransport(failure), {
    hint: transportHint(failure, `${NOTHING_LOST}; check the network and try again`),
    details: {
      reason: failure.reason,
      ...(failure.certificate === null ? {} : { certificate: failure.certificate }),
    },
  });
}

/** The error for a refresh that got no answer. @param history its `openSince` is null if no request may have reached the provider */
export function refreshUnanswered(
  account: Account,
  failure: TransportFailure,
  { openSince, now }: Pick<RefreshHistory, 'openSince' | 'now'>,
): VaultError {
  const error = unreachable(failure);
  return openSince === null ? error : leavingOpen(error, account, openSince, now);
}

/** The client is not registered as it is configured, or for something else. */
export function clientRefused(provider: Provider, said: Said): VaultError {
  const { title, name } = provider;
  if (/^http_3\d\d$/.test(said.error)) {
    // This says nothing about the client: the address is wrong, or something in between answered.
    const words = `the token endpoint of ${title} answers with a redirect, which is never followed with a token`;
    const printed = `the endpoints printed by: ${command(`login ${name} --dry-run`)}`;
    return refusal(
      'client_refused',
      words,
      said,
      `check any proxy or sign-in page of the network, and ${printed}`,
    );
  }
  const facts =
    provider.grant === undefined
      ? 'id, secret, redirect URI or scopes'
      : `id, secret or scopes, or the grant ${provider.grant},`;
  const words = `${title} refuses this client: its ${facts} are not what is registered`;
  const hint = `${command(`providers ${name}`)}\nregister and set what that command shows; a new login alone will not help${otherAuth(provider, said)}`;
  return refusal('client_refused', words, said, hint);
}

/** A secret in HTTP Basic is encoded or not (RFC 6749 §2.3.1), and a server that expects the other way sees a wrong one. */
function otherAuth({ name, client, clientAuth }: Provider, { error }: Said): string {
  const isOurs =
    client.authWithSecret !== undefined && client.secret !== 'forbidden' && clientAuth !== 'none';
  if (!isOurs || error !== 'invalid_client') return '';
  const [first = '', ...others] = (['basic', 'basic-raw', 'post'] as const)
    .filter((form) => form !== clientAuth)
    .map((form) => setProvider(name, 'clientAuth', form));
  const without =
    client.secret === 'optional'
      ? command(`setup ${name} --no-client-secret`)
      : setProvider(name, 'clientAuth', 'none');
  return [
    `\nif they are right, the server may expect the secret in another form than ${clientAuth}: ${first}`,
    ...others.map((other) => `or: ${other}`),
    `if the client has no secret: ${without}`,
  ].join('\n');
}

/** Providers do not say why a refresh token stopped working; the account's history often shows it. */
function likelyReason(
  account: Account,
  provider: Provider,
  { consentedAt, openSince, now }: RefreshHistory,
): string {
  if (openSince !== null) {
    return `; a refresh that began at ${new Date(openSince).toISOString()} was interrupted before its answer was stored, and the provider had probably replaced the token by then`;
  }
  if (account.grantExpiresAt !== null && account.grantExpiresAt <= now)
    return ', because the grant has ended';
  const since = { consent: consentedAt, use: Math.max(account.lastRefreshAt ?? 0, account.issuedAt) };
  const limit = provider.grantLimits.find(({ days, from, until }) => {
    const age = now - since[from];
    return age >= (days - 0.5) * DAY && (until === null || age <= until * DAY);
  });
  return limit === undefined ? '' : `; ${limit.reason}`;
}
