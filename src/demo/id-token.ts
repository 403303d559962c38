import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Person } from './grants.js';

const KEY_ID = 'demo-1';

/**
 * Signs id_tokens with a new key for each server. ES256: P-256 with SHA-256, the signature as r and s side by side (RFC 7518
 * §3.4).
 */
export function createSigner() {
  // As text: where the garbage collector frees a generator while a key of it is exported, Node 20 waits for its own lock forever.
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const jwk = createPublicKey(publicKey).export({ format: 'jwk' });
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = part({ alg: 'ES256', typ: 'JWT', kid: KEY_ID });
  return {
    jwks: { keys: [{ ...jwk, use: 'sig', alg: 'ES256', kid: KEY_ID }] },
    sign(claims: Readonly<Record<string, unknown>>): string {
      const signed = `${header}.${part(claims)}`;
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
  };
}

/** The claims that the granted scopes allow (OpenID Connect Core §5.4). */
export function personClaims(person: Person, scopes: readonly string[]): Record<string, unknown> {
  return {
    sub: person.subject,
    ...(scopes.includes('email') ? { email: person.email, email_verified: true } : {}),
    ...(scopes.includes('profile') ? { name: person.name } : {}),
  };
}
