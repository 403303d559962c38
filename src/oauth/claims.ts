import { SECOND } from '../domain/duration.js';
import { jsonObject } from '../domain/json.js';
import type { Secret } from '../domain/secret.js';

/* Reading an id_token that was checked when it came. */

export type IdTokenClaims = Readonly<Record<string, unknown>>;

/** @param part 0: the header; 1: the claims. @returns null when it cannot be read */
export function partOf(idToken: Secret, part: 0 | 1): IdTokenClaims | null {
  return jsonObject(Buffer.from(idToken.reveal().split('.')[part] ?? '', 'base64url').toString('utf8'));
}

/** Its claim `iat`, in milliseconds since the epoch. */
export function issuedAt(idToken: Secret): number {
  return Number(partOf(idToken, 1)?.['iat']) * SECOND;
}
