import { accountName, type Consent } from '../domain/account.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { ending, moment, rfc3339 } from '../domain/time.js';
import { type AccountDetail, showAccount } from '../services/overview/overview.js';
import { openHint, openOutcome } from '../services/refresh/refresh-notes.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { accountDocument, remedyOf } from './account-view.js';
import type { Command } from './spec.js';
import { names } from './spec.js';

export const show: Command<{ readonly selector: string }> = {
  arguments: [
    {
      name: 'account',
      description: 'account name, provider, or unique prefix',
      required: true,
      values: 'account',
    },
  ],
  options: [],
  examples: {
    'show google/work': 'scopes, expiry, consents, endpoints',
    'show google --json': 'for a program',
  },

  parse(raw) {
    return { selector: names(raw, 'the name of the account')[0] ?? '' };
  },

  async run(ctx, { selector }, io) {
    printAccount(await showAccount(ctx, selector), io);
  },
};

export function printAccount(detail: AccountDetail, io: Io): void {
  if (io.json) {
    io.document(detailDocument(detail));
    return;
  }
  io.data(renderBlock(entries(detail, io.now()), io.columns, io.theme));
  for (const line of remedies(detail, io.now())) io.say(`hint: ${line}`);
}

function remedies({ account, openRefresh }: AccountDetail, now: number): readonly string[] {
  const remedy = remedyOf(account);
  const own = remedy === null ? [] : [remedy];
  if (openRefresh === null || account.status === 'login_needed') return own;
  // The hint for a failing account, a refresh, is among those of the open refresh.
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
    account.grantExpiresAt === null
      ? 'no expiry reported by the provider'
      : ending(account.grantExpiresAt, now);
  return [
    ['account', accountName(account)],
    ['provider', detail.providerTitle],
    ['status', status],
    ...(account.retryAt === null ? [] : [['no refresh until', moment(account.retryAt, now)] as const]),
    ['access token', ending(account.expiresAt, now)],
    ['grant', grant],
    [
      'refresh token',
      account.hasRefreshToken ? 'stored' : 'none: log in again when the access token expires',
    ],
    ['last refresh', account.lastRefreshAt === null ? 'never' : moment(account.lastRefreshAt, now)],
    ...(account.lastError === null
      ? []
      : [['last error', lastError(account.lastError, account.failures)] as const]),
    ...(openRefresh === null ? [] : [['open refresh', openOutcome(openRefresh.at)] as const]),
    ['scopes requested', scopeLines(account.askedScopes)],
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

/** Scopes of the last consent that a later refresh did not bring: the provider withdrew them. */
function withdrawnSinceConsent({ account, consents: [last] }: AccountDetail): readonly string[] {
  return last === undefined ? [] : missingScopes(last.grantedScopes, account.grantedScopes);
}

function consentLine({ at, how, askedScopes, grantedScopes }: Consent, now: number): string {
  const refused = missingScopes(askedScopes, grantedScopes);
  const granted = grantedScopes.length === 0 ? 'no scopes' : grantedScopes.join(' ');
  const but = refused.length === 0 ? '' : `; not granted: ${refused.join(' ')}`;
  return `${moment(at, now)}, by ${how}: ${readable(`${granted}${but}`)}`;
}

/** An error in an answer that was usable nevertheless is not counted as a failure. */
function lastError(code: string, failures: number): string {
  return failures === 0 ? code : `${code}, ${failures} in a row`;
}

function scopeLines(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? ['none'] : scopes.map(readable);
}
