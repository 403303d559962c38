import { AuthorizationResponseError, type AuthorizationServer, validateAuthResponse } from 'oauth4webapi';
import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import { cleanText, printable } from './clean.js';
import type { AuthorizationResponse } from './contract.js';
import { isIssuer } from './discovery.js';

const KNOWN = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'response'] as const;

export interface ReceivedResponse {
  /** The redirect URI with its query. */
  readonly url: URL;
  readonly state: string;
  readonly server: {
    readonly issuer: string;
    /** Not configured: assumed from the token endpoint's origin. */
    readonly issuerAssumed?: boolean;
    /** `authorization_response_iss_parameter_supported`, RFC 9207 §3. */
    readonly responseIssSupported: boolean;
  };
  readonly clientId: string;
}

/**
 * Reads the authorization response (RFC 6749 §4.1.2) after all checks: known parameters once (§3.1), `state`, and `iss`
 * where present or announced, for errors as well (RFC 9207 §2.4). Unknown parameters are ignored.
 *
 * With an assumed issuer, another `iss` may be the right server's own name, or a mix-up attack. RFC 9207 §2.4 lets a
 * client discard what it cannot compare: the response is refused without being called an attack, and the hint names what
 * to configure.
 *
 * @throws VaultError `login_refused` when a check fails, with `check: 'issuer'` in its details when `iss` differs from a
 *   configured one; `provider_answer_invalid` without code and error. The caller adds the hint how to log in again
 */
export function readAuthorizationResponse(received: ReceivedResponse): AuthorizationResponse {
  const parameters = received.url.searchParams;
  const repeated = KNOWN.find((name) => parameters.getAll(name).length > 1);
  if (repeated !== undefined) throw refused(`the answer to the login names ${repeated} more than once`);
  if (parameters.get('state') !== received.state) {
    throw refused('the answer belongs to another login, because its state is not the one that was sent');
  }
  const validated = validate(received, checkedIssuer(parameters.get('iss'), received.server));
  if (validated === null) {
    return {
      kind: 'error',
      error: cleanText(parameters.get('error'), 64) ?? 'unknown_error',
      description: cleanText(parameters.get('error_description')),
    };
  }
  const code = validated.get('code');
  if (code === null || code === '') {
    throw new VaultError(
      'provider_answer_invalid',
      'the answer to the login has neither a code nor an error',
    );
  }
  return { kind: 'code', code: new Secret(code) };
}

/** @returns the issuer for the library to expect; for a template, that of the tenant that answered */
function checkedIssuer(iss: string | null, server: ReceivedResponse['server']): string {
  if (iss === null) {
    if (server.responseIssSupported)
      throw refused('the answer to the login does not say which server it comes from');
    return server.issuer;
  }
  if (isIssuer(server.issuer, iss)) return iss;
  throw server.issuerAssumed === true ? issuerNotSet(iss) : otherIssuer();
}

/** @returns null for an error response */
function validate(received: ReceivedResponse, issuer: string): URLSearchParams | null {
  const server: AuthorizationServer = {
    issuer,
    authorization_response_iss_parameter_supported: received.server.responseIssSupported,
  };
  try {
    return validateAuthResponse(server, { client_id: received.clientId }, received.url, received.state);
  } catch (failure) {
    if (failure instanceof AuthorizationResponseError) return null;
    // The library's message and cause contain the parameters, with the code.
    throw refused('the answer to the login is not a valid answer to an authorization code request');
  }
}

/** A mix-up attack is possible (RFC 9207 §1). */
function otherIssuer(): VaultError {
  return new VaultError(
    'login_refused',
    'the answer to the login does not come from the server that was asked',
    { details: { check: 'issuer' } },
  );
}

function issuerNotSet(iss: string): VaultError {
  return new VaultError(
    'login_refused',
    'the answer to the login names the server it comes from, but no issuer is configured to compare it with',
    {
      hint: `if this is the server you mean, set issuer of this provider to ${printable(iss)} in config.json`,
    },
  );
}

function refused(message: string): VaultError {
  return new VaultError('login_refused', message);
}
