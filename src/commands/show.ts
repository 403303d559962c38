import { accountName, type Consent } from '../domain/account.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { ending, moment, rfc3339 } from '../domain/time.js';
import type { AccountDetail } from '../services/contract.js';
import { lostAnswer, openHint } from '../services/refresh/open-outcome.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { accountDocument, remedyOf } from './account-view.js';
import type { Command } from './spec.js';
import { names } from './spec.js';

/** Everything that is known of one account, except its secrets. */
export const show: Command<{ readonly selector: string }> = {
  name: 'show',
  summary: 'show what is known of one account',
  arguments: [
    { name: 'account', description: 'a name, a provider, or a unique beginning of a name', required: true },
  ],
  options: [],
  examples: [
    { line: 'vault show google/work', says: 'scopes, expiry, consents, where it is bound' },
    { line: 'vault show google --json', says: 'for a program' },
  ],

  parse(raw) {
    return { selector: names(raw, 'the name of the account')[0] ?? '' };
  },

  async run(useCases, { selector }, io) {
    const detail = await useCases.show(selector);
    if (io.json) return io.document(detailDocument(detail));
    io.data(renderBlock(entries(detail, io.now()), io.columns, io.theme));
    for (const line of remedies(detail, io.now())) io.say(`hint: ${line}`);
  },
};

function remedies({ account, openRefresh }: AccountDetail, now: number): readonly string[] {
  const remedy = remedyOf(account);
  const own = remedy === null ? [] : [remedy];
  if (openRefresh === null || account.status === 'login_needed') return own;
  // That of an account that fails, a refresh, is among the others.
  return [...(account.status === 'failing' ? [] : own), ...openHint(account, now).split('\n')];
}

function detailDocument(detail: AccountDetail) {
  const { account, consents, openRefresh } = detail;
  return {
    ...accountDocument(account),
    asked_scopes: account.askedScopes,
    missing_scopes: detail.missingScopes,
    withdrawn_scopes: withdrawnSinceConsent(detail),
    token_type: account.tokenType,
    failures: account.failures,
    retry_at: rfc3339(account.retryAt),
    client_id: account.clientId,
    token_endpoint: account.tokenEndpoint,
    manage_url: detail.manageUrl,
    open_refresh:
      openRefresh === null ? null : { began_at: rfc3339(openRefresh.at), attempts: openRefresh.attempts },
    consents: consents.map((consent) => ({
      at: rfc3339(consent.at),
      how: consent.how,
      asked_scopes: consent.askedScopes,
      granted_scopes: consent.grantedScopes,
    })),
  };
}

function entries(detail: AccountDetail, now: number): Entry[] {
  const { account, consents, manageUrl, openRefresh } = detail;
  const withdrawn = withdrawnSinceConsent(detail);
  const status = account.reason === null ? account.status : `${account.status}: ${readable(account.reason)}`;
  const grant =
    account.grantExpiresAt === null ? 'end not told by the provider' : ending(account.grantExpiresAt, now);
  return [
    ['account', accountName(account)],
    ['provider', detail.providerTitle],
    ['status', status],
    ...(account.retryAt === null ? [] : [['rests until', moment(account.retryAt, now)] as const]),
    ['access token', ending(account.expiresAt, now)],
    ['grant', grant],
    ['refresh token', account.hasRefreshToken ? 'stored' : 'none: a new login when the access token ends'],
    ['last refresh', account.lastRefreshAt === null ? 'never' : moment(account.lastRefreshAt, now)],
    ...(account.lastError === null
      ? []
      : [['last error', lastError(account.lastError, account.failures)] as const]),
    ...(openRefresh === null ? [] : [['open refresh', lostAnswer(openRefresh.at)] as const]),
    ['scopes asked', scopeLines(account.askedScopes)],
    ['scopes granted', scopeLines(account.grantedScopes)],
    ...(detail.missingScopes.length === 0
      ? []
      : [['scopes missing', scopeLines(detail.missingScopes)] as const]),
    ...(withdrawn.length === 0 ? [] : [['withdrawn', scopeLines(withdrawn)] as const]),
    ['consents', consents.length === 0 ? 'none recorded' : consents.map((each) => consentLine(each, now))],
    ['issuer', account.issuer],
    ['token endpoint', account.tokenEndpoint],
    ['client id', account.clientId],
    ['logged in', moment(account.createdAt, now)],
    ...(manageUrl === null ? [] : [['manage at', manageUrl] as const]),
  ];
}

/** What the person agreed to last time, and a refresh no longer brought: the provider took it back. */
function withdrawnSinceConsent({ account, consents: [last] }: AccountDetail): readonly string[] {
  return last === undefined ? [] : missingScopes(last.grantedScopes, account.grantedScopes);
}

function consentLine({ at, how, askedScopes, grantedScopes }: Consent, now: number): string {
  const refused = missingScopes(askedScopes, grantedScopes);
  const granted = grantedScopes.length === 0 ? 'no scopes' : grantedScopes.join(' ');
  const but = refused.length === 0 ? '' : `; not granted: ${refused.join(' ')}`;
  return `${moment(at, now)}, by ${how}: ${readable(`${granted}${but}`)}`;
}

/** An answer that was taken all the same counts as no failure. */
function lastError(code: string, failures: number): string {
  return failures === 0 ? code : `${code}, ${failures} in a row`;
}

function scopeLines(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? ['none'] : scopes.map(readable);
}
