import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { Secret } from '../domain/secret.js';
import { digestOf } from '../services/token/refused.js';
import type { TokenRequest } from '../services/token/token-request.js';
import type { Io } from '../ui/io.js';
import { readSecretText } from './secret-file.js';

/**
 * Reads the refused token of `vault token --refused -`.
 *
 * @param value of the option; not repeated in an error, because it may be the token
 * @throws VaultError `usage`
 */
export async function withRefused(
  ctx: Pick<Context, 'readNamed' | 'interruption'>,
  request: TokenRequest,
  value: string,
  io: Io,
): Promise<TokenRequest> {
  if (value !== '-') {
    throw new VaultError(
      'usage',
      '--refused takes only -, which is stdin: other users can read a token in the arguments of a command',
      { hint: `printf %s "$token" | ${command('token NAME --refused -')}` },
    );
  }
  if (request.refresh) {
    throw new VaultError('usage', '--refused and --refresh contradict each other', {
      hint: '--refused refreshes only if the refused token is still the stored one; --refresh always does',
    });
  }
  const token = (await readSecretText(ctx, io, value)).trim();
  // An access token has no white space.
  if (!/\s/.test(token)) return { ...request, refused: digestOf(new Secret(token)) };
  throw new VaultError('usage', 'stdin holds more than one token', {
    hint: 'write only the token that was refused, in one line',
  });
}
