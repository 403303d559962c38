import { createHash } from 'node:crypto';
import { generateRandomCodeVerifier, generateRandomNonce, generateRandomState } from 'oauth4webapi';
import { Secret } from '../domain/secret.js';

/**
 * A new code verifier of 256 random bits and its S256 challenge. There is no `plain` (RFC 7636 §4.2, RFC 9700 §2.1.1).
 */
export function createPkce(): { verifier: Secret; challenge: string } {
  const verifier = new Secret(generateRandomCodeVerifier());
  return { verifier, challenge: codeChallenge(verifier) };
}

/** BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2. */
export function codeChallenge(verifier: Secret): string {
  return createHash('sha256').update(verifier.reveal(), 'ascii').digest('base64url');
}

/** 256 random bits that bind an authorization response to this one login (RFC 6749 §10.12). */
export function createState(): string {
  return generateRandomState();
}

/** 256 random bits that bind an id_token to this one login (OpenID Connect Core §3.1.2.1). */
export function createNonce(): string {
  return generateRandomNonce();
}
