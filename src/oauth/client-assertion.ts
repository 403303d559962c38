import { constants, randomUUID, type SigningOptions, sign } from 'node:crypto';
import { MINUTE, SECOND } from '../domain/duration.js';
import type { Secret } from '../domain/secret.js';
import type { AssertionFacts, SigningAlgorithm } from '../providers/contract.js';

/** RFC 7523 §3 wants it short. Clocks are often off by a minute. */
const LIFETIME = 3 * MINUTE;

export interface Assertion extends AssertionFacts {
  /** PKCS #8, as PEM. */
  readonly key: Secret;
  readonly clientId: string;
  /** The endpoint that the assertion is sent to. */
  readonly endpoint: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The parameters that authenticate a client by its private key (RFC 7521 §4.2, RFC 7523 §2.2): a JWT that names the client, for
 * one use at this server within a few minutes.
 */
export function clientAssertion(assertion: Assertion): Readonly<Record<string, string>> {
  const { key, clientId, endpoint, now, algorithm, audience, keyId, thumbprint } = assertion;
  const header = {
    alg: algorithm,
    typ: 'JWT',
    ...(keyId === null ? {} : { kid: keyId }),
    ...(thumbprint === null ? {} : { 'x5t#S256': thumbprint }),
  };
  const issued = Math.floor(now / SECOND);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience ?? endpoint,
    jti: randomUUID(),
    iat: issued,
    exp: issued + LIFETIME / SECOND,
  };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return {
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${signed}.${signature(signed, key, algorithm)}`,
  };
}

/** RFC 7518 §3.3 to §3.5, RFC 8037 §3.1. */
const SIGNING: Readonly<Record<SigningAlgorithm, SigningOptions & { readonly digest: string | null }>> = {
  RS256: { digest: 'sha256' },
  PS256: { digest: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ES256: { digest: 'sha256', dsaEncoding: 'ieee-p1363' },
  ES384: { digest: 'sha384', dsaEncoding: 'ieee-p1363' },
  EdDSA: { digest: null },
};

function signature(text: string, key: Secret, algorithm: SigningAlgorithm): string {
  const { digest, ...options } = SIGNING[algorithm];
  return sign(digest, Buffer.from(text, 'utf8'), { ...options, key: key.reveal() }).toString('base64url');
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part), 'utf8').toString('base64url');
}
