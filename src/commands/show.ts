import { type Account, accountName, type Consent } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { REPEATABLE_GRANTS } from '../domain/repeatable-grant.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { ending, moment, rfc3339 } from '../domain/time.js';
import { timesInARow } from '../domain/wording.js';
import { type AccountDetail, type ShowRequest, showAccount } from '../services/overview/overview.js';
import { openHint, openOutcome } from '../services/refresh/open-refresh.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { loginStateOf, whatEnded } from './account-state.js';
import { accountDocument, remedyOf, userOf } from './account-view.js';
import type { Command } from './spec.js';
import { denied, firstName } from './spec.js';

export const show: Command<ShowRequest> = {
  arguments: [
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
  ],
  options: [{ flags: '--no-identity', description: 'do not show who it is, which needs the key' }],
  examples: {
    'show google/work': 'user, scopes, expiry, consents, endpoints',
    'show google --no-identity': 'what can be shown without the key',
    'show google --json': 'for a program',
  },

  parse(raw) {
    return {
      selector: firstName(raw, 'the name of the account'),
      withIdentity: !denied(raw, '--no-identity'),
    };
  },

  async run(ctx, request, io) {
    const detail = await showAccount(ctx, request);
    printAccount(detail, io);
    // A call to the keychain that hangs would keep this process running.
    if (detail.identity instanceof VaultError && detail.identity.code === 'key_timed_out')
      throw detail.identity;
  },
};

export function printAccount(detail: AccountDetail, io: Io): void {
  if (io.json) {
    io.document(detailDocument(detail));
    return;
  }
  io.data(renderBlock(entries(detail, io), io.columns, io.theme));
  const noKey = detail.identity instanceof VaultError ? (detail.identity.hint?.split('\n') ?? []) : [];
  for (const line of [...remedies(detail, io.now()), ...noKey]) io.say(`hint: ${line}`);
}

function remedies({ account, openRefresh }: AccountDetail, now: number): readonly string[] {
  const remedy = remedyOf(account, now);
  const own = remedy === null ? [] : [remedy];
  if (openRefresh === null || account.status === 'login_needed') return own;
  // The hint for a failing account, a refresh, is among those of the open refresh.
  return [...(account.status === 'failing' ? [] : own), ...openHint(account, now).split('\n')];
}

function detailDocument(detail: AccountDetail) {
  const { account, consents, openRefresh, identity } = detail;
  return {
    ...accountDocument(account),
    identity: identity instanceof VaultError ? null : identity,
    aliases: detail.aliases,
    is_default: detail.isDefault,
    asked_scopes: account.askedScopes,
    missing_scopes: detail.missingScopes,
    withdrawn_scopes: withdrawnSinceConsent(detail),
    token_type: account.tokenType,
    id_token_expires_at: rfc3339(account.idTokenExpiresAt),
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

function entries(detail: AccountDetail, io: Pick<Io, 'now' | 'unicode'>): Entry[] {
  const { account, consents, manageUrl, openRefresh, aliases } = detail;
  const now = io.now();
  const grant = account.grantExpiresAt === null ? 'no expiry reported' : ending(account.grantExpiresAt, now);
  return [
    ['account', accountName(account)],
    ...(aliases.length === 0 ? [] : [['former names', aliases] as const]),
    ...(detail.isDefault ? [['default', `of ${account.provider}`] as const] : []),
    ...userEntries(detail.identity),
    ['provider', detail.providerTitle],
    ['status', statusLine(account, now)],
    ...(account.retryAt === null ? [] : [['no refresh until', moment(account.retryAt, now)] as const]),
    ['access token', ending(account.expiresAt, now)],
    ['id_token', account.idTokenExpiresAt === null ? 'none' : ending(account.idTokenExpiresAt, now)],
    ['grant', grant],
    renewalEntry(detail),
    ['last refresh', account.lastRefreshAt === null ? 'never' : moment(account.lastRefreshAt, now)],
    ...(account.lastError === null
      ? []
      : [['last error', lastError(account.lastError, account.failures)] as const]),
    ...(openRefresh === null ? [] : [['open refresh', openOutcome(openRefresh.at)] as const]),
    ['scopes', scopeLines(detail, io.unicode)],
    ['consents', consents.length === 0 ? 'none recorded' : consents.map((each) => consentLine(each, now))],
    ['issuer', account.issuer],
    ['token endpoint', account.tokenEndpoint],
    ['client id', account.clientId],
    ['logged in', moment(account.createdAt, now)],
    ...(manageUrl === null ? [] : [['manage at', manageUrl] as const]),
  ];
}

/** In the words of `vault list`, with the reason. */
function statusLine(account: Account, now: number): string {
  const said = [`${accountName(account)} needs a new login: `, 'not granted: '];
  const reason = said.reduce((text, known) => text?.replace(known, ''), account.reason ?? undefined) ?? null;
  const why = [whatEnded(account, now), reason].filter((each) => each !== null).join('; ');
  return `${loginStateOf(account, now)}${why === '' ? '' : `: ${readable(why)}`}`;
}

function renewalEntry({ account, consents: [last] }: AccountDetail): Entry {
  const grant = REPEATABLE_GRANTS.find((each) => each === last?.how);
  if (grant !== undefined) return ['renewal', `renews itself with the grant ${grant}`];
  if (!account.hasRefreshToken) return ['refresh token', 'none: log in again when the access token expires'];
  // It is kept, and sent again only where the diagnosis is uncertain.
  const isRefused = account.lastError === 'login_needed' && account.retryAt === null;
  return ['refresh token', isRefused ? 'refused by the provider' : 'stored'];
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
  const words = code.replaceAll('_', ' ');
  return failures === 0 ? words : `${words}, ${timesInARow(failures)}`;
}

function userEntries(identity: AccountDetail['identity']): Entry[] {
  if (identity === null) return [];
  if (identity instanceof VaultError) return [['user', `not shown: ${identity.message}`]];
  const more = Object.entries(identity.details).map(([what, value]) => `${what}: ${value}`);
  return [
    ['user', userOf(identity)],
    ['user id', identity.subject],
    ...(more.length === 0 ? [] : [['user details', more] as const]),
  ];
}

/** Every scope that was requested or granted, with a mark for whether it is granted now. */
function scopeLines(detail: AccountDetail, unicode: boolean): readonly string[] {
  const { account, missingScopes: missing } = detail;
  const withdrawn = withdrawnSinceConsent(detail);
  const [yes, no] = unicode ? ['✓', '✗'] : ['+', '-'];
  const lines = [...new Set([...account.askedScopes, ...account.grantedScopes, ...withdrawn])].map(
    (scope) => {
      if (withdrawn.includes(scope)) return `${no} ${readable(scope)} (withdrawn by the provider)`;
      return missing.includes(scope) ? `${no} ${readable(scope)} (not granted)` : `${yes} ${readable(scope)}`;
    },
  );
  return lines.length === 0 ? ['none'] : lines;
}
