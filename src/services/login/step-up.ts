import { VaultError } from '../../domain/errors.js';
import { bearerChallenge } from '../../oauth/challenge.js';

/**
 * The scopes that a resource asks for when a token lacks them: those of the `WWW-Authenticate` of its 403 or 401 (RFC 6750 §3).
 *
 * @throws VaultError `usage` when it names none
 */
export function scopesOfChallenge(header: string): readonly string[] {
  const challenge = bearerChallenge(header.replace(/^\s*(?:<\s*)?www-authenticate\s*:/i, ''));
  if (challenge?.scopes != null) return challenge.scopes;
  throw new VaultError('usage', 'stdin holds no WWW-Authenticate header with a scope', {
    hint: 'it looks like: WWW-Authenticate: Bearer error="insufficient_scope", scope="files:write"',
  });
}
