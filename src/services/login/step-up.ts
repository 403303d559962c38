import { VaultError } from '../../domain/errors.js';
import { bearerChallenge } from '../../oauth/challenge.js';

/** At the beginning of a line; curl -v puts `<` before it. */
const NAME = /^[ \t<]*www-authenticate[ \t]*:/im;

/**
 * The scopes that a resource asks for when a token lacks them: those of the `WWW-Authenticate` of its 403 or 401 (RFC 6750 §3).
 *
 * @param pasted the header, its value alone, or the whole answer as `curl -i` prints it
 * @throws VaultError `usage` when it names none
 */
export function scopesOfChallenge(pasted: string): readonly string[] {
  const name = NAME.exec(pasted);
  const challenge = bearerChallenge(name === null ? pasted : pasted.slice(name.index + name[0].length));
  if (challenge?.scopes != null) return challenge.scopes;
  throw new VaultError('usage', 'stdin holds no WWW-Authenticate header with a scope', {
    hint: 'it looks like: WWW-Authenticate: Bearer error="insufficient_scope", scope="files:write"',
  });
}
