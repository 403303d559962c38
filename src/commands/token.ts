import { MINUTE } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import type { TokenRequest } from '../services/contract.js';
import {
  formatToken,
  namesMailbox,
  TOKEN_FORMATS,
  type TokenFormat,
  tokenDocument,
} from '../services/token/token-formats.js';
import type { Command } from './spec.js';
import { duration, firstName, given, oneOf, scopes } from './spec.js';

interface TokenInput {
  readonly request: TokenRequest;
  /** Null where nothing was said. */
  readonly format: TokenFormat | null;
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
    { flags: '--format <format>', description: TOKEN_FORMATS.join(', '), defaultText: 'raw' },
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
    const format = oneOf(raw, '--format', TOKEN_FORMATS);
    return {
      request: {
        selector: firstName(raw, 'the name of the account'),
        minValid: duration(raw, '--min-valid', 5 * MINUTE),
        scopes: scopes(raw),
        refresh: given(raw, '--refresh'),
        withIdentity: namesMailbox(format),
      },
      format,
    };
  },

  async run(useCases, { request, format }, io) {
    if (io.json && format !== null && format !== 'json') {
      throw new VaultError('usage', `--json and --format ${format} contradict each other`);
    }
    const document = io.json || format === 'json';
    const valid = await useCases.token(document ? { ...request, anyType: true } : request);
    if (valid.warning !== null) io.warn(`warning: ${valid.warning}`, 'yellow');
    if (document) io.document(tokenDocument(valid));
    else io.data(`${await formatToken(valid, format ?? 'raw')}\n`);
  },
};
