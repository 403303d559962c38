import { accountName } from '../domain/account.js';
import type { AccountDetail } from '../services/contract.js';
import { type Entry, renderBlock } from '../ui/block.js';
import { ending, moment, rfc3339 } from '../ui/time.js';
import type { Command } from './contract.js';
import { accountDocument } from './documents.js';
import { names } from './read.js';
import { count } from './words.js';

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
    if (io.json) io.document(detailDocument(detail));
    else io.data(renderBlock(entries(detail, io.now()), io.columns, io.theme));
  },
};

function detailDocument(detail: AccountDetail) {
  const { account, consents } = detail;
  return {
    ...accountDocument(account),
    asked_scopes: account.askedScopes,
    missing_scopes: detail.missingScopes,
    token_type: account.tokenType,
    failures: account.failures,
    client_id: account.clientId,
    token_endpoint: account.tokenEndpoint,
    manage_url: detail.manageUrl,
    consents: consents.map((consent) => ({
      at: rfc3339(consent.at),
      how: consent.how,
      asked_scopes: consent.askedScopes,
      granted_scopes: consent.grantedScopes,
    })),
  };
}

function entries(detail: AccountDetail, now: number): Entry[] {
  const { account, missingScopes, consents, manageUrl } = detail;
  const status = account.reason === null ? account.status : `${account.status}: ${account.reason}`;
  const grant =
    account.grantExpiresAt === null ? 'end not told by the provider' : ending(account.grantExpiresAt, now);
  return [
    ['account', accountName(account)],
    ['provider', detail.providerTitle],
    ['status', status],
    ['access token', ending(account.expiresAt, now)],
    ['grant', grant],
    ['refresh token', account.hasRefreshToken ? 'stored' : 'none: a new login when the access token ends'],
    ['last refresh', account.lastRefreshAt === null ? 'never' : moment(account.lastRefreshAt, now)],
    ...(account.lastError === null
      ? []
      : [['last error', `${account.lastError}, ${account.failures} in a row`] as const]),
    ['scopes asked', scopeLines(account.askedScopes)],
    ['scopes granted', scopeLines(account.grantedScopes)],
    ...(missingScopes.length === 0 ? [] : [['scopes missing', missingScopes] as const]),
    [
      'consents',
      consents.length === 0
        ? 'none recorded'
        : consents.map(
            (each) => `${moment(each.at, now)}, by ${each.how}, ${count(each.grantedScopes.length, 'scope')}`,
          ),
    ],
    ['issuer', account.issuer],
    ['token endpoint', account.tokenEndpoint],
    ['client id', account.clientId],
    ['logged in', moment(account.createdAt, now)],
    ...(manageUrl === null ? [] : [['manage at', manageUrl] as const]),
  ];
}

function scopeLines(scopes: readonly string[]): readonly string[] {
  return scopes.length === 0 ? ['none'] : scopes;
}
