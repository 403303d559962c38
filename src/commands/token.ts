import { accountName } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import type { TokenRequest, ValidToken } from '../services/contract.js';
import { rfc3339 } from '../ui/time.js';
import type { Command } from './contract.js';
import { duration, firstName, given, oneOf, scopes } from './read.js';

const FORMATS = ['raw', 'header', 'json', 'xoauth2', 'oauthbearer'] as const;
type Format = (typeof FORMATS)[number];

interface TokenInput {
  readonly request: TokenRequest;
  /** Null where nothing was said. */
  readonly format: Format | null;
}

/** Prints a valid access token and nothing else. It is the command scripts call, so it loads next to nothing. */
export const token: Command<TokenInput> = {
  name: 'token',
  summary: 'print a valid access token',
  printsWhole: true,
  arguments: [{ name: 'account', description: 'a name, a provider, or a unique beginning of a name' }],
  options: [
    {
      flags: '--min-valid <duration>',
      description: 'refresh unless it is good for this long',
      defaultText: '5m',
    },
    { flags: '--scope <scope>', description: 'fail unless this scope was granted', repeatable: true },
    { flags: '--refresh', description: 'refresh whatever the clock says' },
    { flags: '--format <format>', description: FORMATS.join(', '), defaultText: 'raw' },
  ],
  examples: [
    { line: 'vault token google', says: 'the token of the only Google account' },
    {
      line: 'curl -H "$(vault token google --format header)" https://example.com/',
      says: 'as a request header',
    },
    { line: 'vault token google/work --min-valid 30m', says: 'good for half an hour at least' },
  ],

  parse(raw) {
    const format = oneOf(raw, '--format', FORMATS);
    return {
      request: {
        selector: firstName(raw, 'the name of the account'),
        minValid: duration(raw, '--min-valid', 5 * MINUTE),
        scopes: scopes(raw),
        refresh: given(raw, '--refresh'),
        withIdentity: format === 'xoauth2' || format === 'oauthbearer',
      },
      format,
    };
  },

  async run(useCases, { request, format }, io) {
    if (io.json && format !== null && format !== 'json') {
      throw new VaultError('usage', `--json and --format ${format} contradict each other`);
    }
    const valid = await useCases.token(request);
    if (valid.warning !== null) io.warn(`warning: ${valid.warning}`, 'yellow');
    if (io.json || format === 'json') io.document(tokenDocument(valid));
    else io.data(`${await formatted(valid, format ?? 'raw')}\n`);
  },
};

function tokenDocument({ account, accessToken }: ValidToken) {
  return {
    account: accountName(account),
    access_token: accessToken.reveal(),
    token_type: account.tokenType,
    expires_at: rfc3339(account.expiresAt),
    scopes: account.grantedScopes,
  };
}

async function formatted(valid: ValidToken, format: Exclude<Format, 'json'>): Promise<string> {
  const { account, accessToken } = valid;
  switch (format) {
    case 'raw':
      return accessToken.reveal();
    case 'header':
      return `Authorization: ${scheme(account.tokenType)} ${accessToken.reveal()}`;
    case 'xoauth2':
    case 'oauthbearer': {
      const sasl = await import('../oauth/sasl.js');
      return sasl[format](mailbox(valid), accessToken).reveal();
    }
  }
}

/** Some providers answer `bearer`; the scheme is case-insensitive (RFC 9110 §11.1), but not every server knows. */
function scheme(tokenType: string): string {
  return /^bearer$/i.test(tokenType) ? 'Bearer' : tokenType;
}

function mailbox({ account, identity }: ValidToken): string {
  if (identity !== null && identity.email !== null) return identity.email;
  throw new VaultError(
    'usage',
    `the e-mail address of ${accountName(account)} is not known, so no mailbox can be named`,
    {
      hint: `vault token ${accountName(account)} --format header, or log in with a scope that tells the address`,
    },
  );
}
