import { Secret } from '../../src/domain/secret.js';

/** An id_token with these claims; its signature is not one. */
export function idTokenOf(claims: unknown, header: unknown = { alg: 'RS256' }): Secret {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return new Secret(`${part(header)}.${part(claims)}.c2lnbmF0dXJl`);
}
