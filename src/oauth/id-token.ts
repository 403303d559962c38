import {
  type Client,
  clockSkew,
  clockTolerance,
  getValidatedIdTokenClaims,
  processAuthorizationCodeResponse,
} from 'oauth4webapi';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import { isObject, member } from './answer-body.js';
import { isIssuerTemplate, issuerOfTenant } from './discovery.js';

/** Clocks of laptops are off by this much every day; a token that was issued a moment ago is good all the same. */
const TOLERANCE_SECONDS = 60;

export interface IdTokenExpectations {
  readonly idToken: Secret;
  /** As configured or discovered; a template where `issuerTemplate` is true. */
  readonly issuer: string;
  readonly issuerTemplate: boolean;
  readonly clientId: string;
  /** Null when none was sent; then the token must not hold one either. */
  readonly nonce: string | null;
  /** The ones the server announces; RS256 when it announces none (OpenID Connect Discovery §3). `none` is never accepted. */
  readonly algorithms: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Checks the claims of an id_token: `iss` exactly (Entra: with the token's own tenant put in), `aud` and `azp`, `exp`,
 * `iat`, `nbf`, `nonce`, `alg` (OpenID Connect Core §3.1.3.7). The signature is not checked, which §3.1.3.7(6) allows
 * for a token that came straight from the token endpoint over TLS: never pass one that came another way.
 *
 * @returns the claims
 * @throws VaultError `provider_answer_invalid`, naming the claim that is missing or not as expected
 */
export async function readIdToken(expected: IdTokenExpectations): Promise<Record<string, unknown>> {
  const algorithms = expected.algorithms.filter((name) => name.toLowerCase() !== 'none');
  const server = {
    issuer: expectedIssuer(expected),
    id_token_signing_alg_values_supported: algorithms.length > 0 ? algorithms : ['RS256'],
  };
  const client: Client = {
    client_id: expected.clientId,
    [clockSkew]: Math.round((expected.now - Date.now()) / SECOND),
    [clockTolerance]: TOLERANCE_SECONDS,
  };
  // The library reads id_tokens as part of a token answer only, and real answers break its rules on the other members.
  const answer = Response.json({
    access_token: 'x',
    token_type: 'bearer',
    id_token: expected.idToken.reveal(),
  });
  const nonce = expected.nonce === null ? {} : { expectedNonce: expected.nonce };
  try {
    const result = await processAuthorizationCodeResponse(server, client, answer, {
      ...nonce,
      requireIdToken: true,
    });
    return { ...getValidatedIdTokenClaims(result) };
  } catch (failure) {
    throw lacking(expected) ?? invalid(claimOf(failure));
  }
}

function expectedIssuer({ idToken, issuer, issuerTemplate }: IdTokenExpectations): string {
  if (!issuerTemplate && !isIssuerTemplate(issuer)) return issuer;
  const tenant = member(unverifiedClaims(idToken), 'tid');
  const exact = issuerOfTenant(issuer, tenant);
  if (exact === null) throw invalid('tid');
  return exact;
}

function unverifiedClaims(idToken: Secret): unknown {
  try {
    return JSON.parse(Buffer.from(idToken.reveal().split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

const CLAIMS: readonly unknown[] = ['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'nonce'];

/** Which claim the library complained about; its own message and cause hold all of them and stay here. */
function claimOf(failure: unknown): string | null {
  const cause = isObject(failure) ? member(failure, 'cause') : null;
  const claim = member(cause, 'claim');
  if (CLAIMS.includes(claim)) return String(claim);
  return member(cause, 'header') === undefined ? null : 'alg';
}

/** Named, because a server that leaves one out does so at every login. @returns null when none is missing */
function lacking({ idToken, nonce }: IdTokenExpectations): VaultError | null {
  const claims = unverifiedClaims(idToken);
  if (!isObject(claims)) return null;
  const required = ['iss', 'sub', 'aud', 'exp', 'iat', ...(nonce === null ? [] : ['nonce'])];
  const missing = required.find((claim) => member(claims, claim) === undefined);
  if (missing === undefined) return null;
  const what = missing === 'nonce' ? 'the nonce that was sent' : `the claim ${missing}`;
  return new VaultError(
    'provider_answer_invalid',
    `the id_token lacks ${what}, so it could be of another login`,
    {
      hint: 'the server has to be corrected, another login ends in the same way\nto do without the id_token: set "identity": {"from": "none"} for this provider in config.json, and log in with --as NAME',
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
