import { createHash } from 'node:crypto';
import { generateRandomCodeVerifier } from 'oauth4webapi';
import { Secret } from '../domain/secret.js';

/**
 * A code verifier of 256 random bits and its S256 challenge. `plain` is not supported (RFC 7636 §4.2, RFC 9700 §2.1.1).
 */
export function createPkce(): { verifier: Secret; challenge: string } {
  const verifier = new Secret(generateRandomCodeVerifier());
  return { verifier, challenge: codeChallenge(verifier) };
}

/** BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2. */
export function codeChallenge(verifier: Secret): string {
  return createHash('sha256').update(verifier.reveal(), 'ascii').digest('base64url');
}
