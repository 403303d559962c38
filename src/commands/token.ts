import { VaultError } from '../domain/errors.js';
import { MIN_VALID } from '../domain/token-state.js';
import type { ValidToken } from '../domain/valid-token.js';
import { checkNamedMailbox } from '../services/token/named-mailbox.js';
import { token as validToken } from '../services/token/token.js';
import {
  formatToken,
  namesMailbox,
  TOKEN_FORMATS,
  type TokenFormat,
} from '../services/token/token-formats.js';
import type { TokenRequest } from '../services/token/token-request.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { duration, firstName, given, oneOf, scopes, text } from './spec.js';

interface TokenInput {
  readonly request: TokenRequest;
  /** Null when not given. */
  readonly format: TokenFormat | null;
  /** Null: the account's own mailbox. */
  readonly user: string | null;
  /** `-`: the token that was refused comes on stdin. Anything else is refused, and may be a token. */
  readonly refused: string | null;
}

export const token: Command<TokenInput> = {
  ignoresLateSignal: true,
  arguments: [
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
  ],
  options: [
    {
      flags: '--min-valid <duration>',
      description: 'refresh unless the token is valid for this long',
      defaultText: '5m',
    },
    { flags: '--scope <scope>', description: 'fail unless this scope was granted', repeatable: true },
    { flags: '--refresh', description: 'refresh even if the token is valid' },
    {
      flags: '--refused <->',
      description: 'a server refused the token on stdin: refresh if it is still the stored one',
      values: ['-'],
    },
    { flags: '--id-token', description: 'the id_token instead of the access token' },
    {
      flags: '--format <format>',
      description: 'how to print the token',
      values: TOKEN_FORMATS,
      defaultText: 'raw',
    },
    {
      flags: '--user <mailbox>',
      description: 'the mailbox that xoauth2 and oauthbearer name',
      defaultText: "the account's own",
    },
  ],
  examples: {
    'token google': 'the token of the only Google account',
    'token google --format header | curl -H @- https://example.com/': 'as a request header',
    'token google/work --min-valid 30m': 'valid for at least half an hour',
    'token microsoft --format xoauth2 --user office@example.com': 'for a shared mailbox',
    'token google --refused -': 'after a 401: another token than the one on stdin',
  },

  parse(raw) {
    const format = oneOf(raw, '--format', TOKEN_FORMATS);
    const user = text(raw, '--user');
    if (user !== null) checkNamedMailbox(user, format, '--user');
    return {
      request: {
        selector: firstName(raw, 'the name of the account'),
        minValid: duration(raw, '--min-valid', MIN_VALID),
        scopes: scopes(raw),
        refresh: given(raw, '--refresh'),
        withIdentity: user === null && namesMailbox(format),
        ...(given(raw, '--id-token') && { idToken: true as const }),
      },
      format,
      user,
      refused: text(raw, '--refused'),
    };
  },

  async run(ctx, { request, format: written, user, refused }, io) {
    const format = formatFor(written, io);
    const anyType = format === 'json' ? { anyType: true } : {};
    const wanted = { ...request, ...anyType };
    const asked =
      refused === null
        ? wanted
        : await (await import('./refused-token.js')).withRefused(ctx, wanted, refused, io);
    await printToken(await validToken(ctx, asked), format, user, io);
  },
};

/** @throws VaultError `usage` */
export function formatFor(written: TokenFormat | null, io: Pick<Io, 'json'>): TokenFormat {
  if (!io.json) return written ?? 'raw';
  if (written === null || written === 'json') return 'json';
  throw new VaultError('usage', `--json and --format ${written} contradict each other`);
}

export async function printToken(
  valid: ValidToken,
  format: TokenFormat,
  user: string | null,
  io: Io,
): Promise<void> {
  if (valid.warning !== null) io.warn(`warning: ${valid.warning}`, 'yellow');
  if (format === 'json')
    io.document((await import('../services/token/token-formats-rest.js')).tokenDocument(valid));
  else io.data(`${await formatToken(valid, format, user)}\n`);
}
