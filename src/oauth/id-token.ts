import {
  type Client,
  clockSkew,
  clockTolerance,
  getValidatedIdTokenClaims,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
} from 'oauth4webapi';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import { YEAR_10000 } from '../domain/time.js';
import { isObject, member } from './answer-body.js';
import { type IdTokenClaims, partOf } from './claims.js';
import { isIssuerTemplate, issuerOfTenant } from './discovery.js';

/** Clocks are often off by this much. */
const TOLERANCE_SECONDS = 60;

export interface IdTokenExpectations {
  readonly idToken: Secret;
  /** A template where `issuerTemplate` is true. */
  readonly issuer: string;
  readonly issuerTemplate: boolean;
  readonly clientId: string;
  /** Null when none was sent; then the token must not contain one. */
  readonly nonce: string | null;
  /** From the metadata; RS256 without (OpenID Connect Discovery §3). `none` is never accepted. */
  readonly algorithms: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Checks the claims of an id_token: `iss` exactly (Entra: with the token's own tenant inserted), `aud` and `azp`, `exp`,
 * `iat`, `nbf`, `nonce`, `alg` (OpenID Connect Core §3.1.3.7). The signature is not checked, which §3.1.3.7(6) allows for
 * a token from the token endpoint over TLS: never pass one from elsewhere.
 *
 * @returns the claims
 * @throws VaultError `provider_answer_invalid`, naming the missing or unexpected claim
 */
export async function readIdToken(expected: IdTokenExpectations): Promise<IdTokenClaims> {
  const algorithms = expected.algorithms.filter((name) => name.toLowerCase() !== 'none');
  const server = {
    issuer: expectedIssuer(expected),
    id_token_signing_alg_values_supported: algorithms.length > 0 ? algorithms : ['RS256'],
  };
  const nonce = expected.nonce === null ? {} : { expectedNonce: expected.nonce };
  try {
    const result = await processAuthorizationCodeResponse(server, clientOf(expected), answerWith(expected), {
      ...nonce,
      requireIdToken: true,
    });
    return { ...getValidatedIdTokenClaims(result) };
  } catch (failure) {
    throw lacking(expected) ?? invalid(claimOf(failure));
  }
}

export interface RefreshedIdTokenExpectations
  extends Pick<IdTokenExpectations, 'idToken' | 'clientId' | 'now'> {
  /** Of the account, exactly. */
  readonly issuer: string;
  /** The claims of the id_token before; null when there was none. */
  readonly before: IdTokenClaims | null;
}

/**
 * Checks the claims of an id_token that a refresh brought: as {@link readIdToken}, with any algorithm, and without a nonce; one
 * that it has must be that of the login, and so must the subject (OpenID Connect Core §12.2).
 *
 * @returns the claims; where there was no id_token before, the caller compares the subject
 * @throws VaultError `provider_answer_invalid`, naming the unexpected claim
 */
export async function readRefreshedIdToken(expected: RefreshedIdTokenExpectations): Promise<IdTokenClaims> {
  const { idToken, issuer, before } = expected;
  const algorithm = member(partOf(idToken, 0), 'alg');
  const isSigned = typeof algorithm === 'string' && algorithm.toLowerCase() !== 'none';
  const server = { issuer, id_token_signing_alg_values_supported: isSigned ? [algorithm] : ['RS256'] };
  let claims: IdTokenClaims;
  try {
    const result = await processRefreshTokenResponse(server, clientOf(expected), answerWith(expected));
    claims = { ...getValidatedIdTokenClaims(result) };
  } catch (failure) {
    throw invalid(claimOf(failure));
  }
  if (before !== null && claims['sub'] !== before['sub']) throw invalid('sub');
  if (before !== null && claims['nonce'] !== undefined && claims['nonce'] !== before['nonce'])
    throw invalid('nonce');
  return claims;
}

/** When a checked id_token ends, in milliseconds since the epoch. */
export function endOfIdToken(claims: IdTokenClaims): number {
  return Math.min(Math.floor(Number(claims['exp']) * SECOND), YEAR_10000 - 1);
}

function clientOf({ clientId, now }: Pick<IdTokenExpectations, 'clientId' | 'now'>): Client {
  return {
    client_id: clientId,
    [clockSkew]: Math.round((now - Date.now()) / SECOND),
    [clockTolerance]: TOLERANCE_SECONDS,
  };
}

/** The library reads id_tokens only in a token answer, and real answers break its rules on the other members. */
function answerWith({ idToken }: Pick<IdTokenExpectations, 'idToken'>): Response {
  return Response.json({ access_token: 'x', token_type: 'bearer', id_token: idToken.reveal() });
}

function expectedIssuer({ idToken, issuer, issuerTemplate }: IdTokenExpectations): string {
  if (!issuerTemplate && !isIssuerTemplate(issuer)) return issuer;
  const tenant = member(partOf(idToken, 1), 'tid');
  const exact = issuerOfTenant(issuer, tenant);
  if (exact === null) throw invalid('tid');
  return exact;
}

const CLAIMS: readonly unknown[] = ['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce'];

/** The claim that the library rejected; its own message and cause contain all of them. */
function claimOf(failure: unknown): string | null {
  const cause = isObject(failure) ? member(failure, 'cause') : null;
  const claim = member(cause, 'claim');
  if (CLAIMS.includes(claim)) return String(claim);
  return member(cause, 'header') === undefined ? null : 'alg';
}

/** Named, because a server that omits a claim does so at every login. @returns null when none is missing */
function lacking({ idToken, nonce }: IdTokenExpectations): VaultError | null {
  const claims = partOf(idToken, 1);
  if (claims === null) return null;
  const required = ['iss', 'sub', 'aud', 'exp', 'iat', ...(nonce === null ? [] : ['nonce'])];
  const missing = required.find((claim) => member(claims, claim) === undefined);
  if (missing === undefined) return null;
  const what = missing === 'nonce' ? 'the nonce that was sent' : `the claim ${missing}`;
  return new VaultError(
    'provider_answer_invalid',
    `the id_token lacks ${what}, so it could belong to another login`,
    {
      hint: 'correct the server; another login will fail in the same way\nto log in without the id_token: set "identity": {"from": "none"} for this provider in config.json, and log in with --as NAME',
    },
  );
}

function invalid(claim: string | null): VaultError {
  const what = claim === null ? 'cannot be read' : `is not for this login: its ${claim} is not as expected`;
  const clock = claim === 'exp' || claim === 'nbf' || claim === 'iat';
  return new VaultError('provider_answer_invalid', `the id_token ${what}`, {
    ...(clock ? { hint: "compare this machine's clock with the time" } : {}),
  });
}
