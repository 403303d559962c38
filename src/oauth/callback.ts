import { AuthorizationResponseError, type AuthorizationServer, validateAuthResponse } from 'oauth4webapi';
import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import { cleanText, printable } from './clean.js';
import type { AuthorizationResponse } from './contract.js';
import { isIssuer } from './discovery.js';

const KNOWN = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'response'] as const;

export interface ReceivedResponse {
  /** The address the browser was sent to, whole. */
  readonly url: URL;
  /** The state of this one login. */
  readonly state: string;
  readonly server: {
    readonly issuer: string;
    /** Nobody has said which one it is: it stands for the origin of the token endpoint. */
    readonly issuerAssumed?: boolean;
    /** `authorization_response_iss_parameter_supported`, RFC 9207 §3. */
    readonly responseIssSupported: boolean;
  };
  readonly clientId: string;
}

/**
 * Reads the authorization response (RFC 6749 §4.1.2) after all checks: known parameters once (§3.1), `state`, and
 * `iss` wherever it is present or announced, for errors as well (RFC 9207 §2.4). Unknown parameters are ignored.
 *
 * Where the issuer is assumed, an `iss` of another name may be the right server's own, and may as well be another server's
 * whose answer is passed off as this one's. RFC 9207 §2.4 has a client discard what it cannot compare unless its
 * configuration says otherwise: so it is refused, as nobody's attack, with the name that the configuration may give.
 *
 * @throws VaultError `login_refused` when a check fails, with `check: 'issuer'` in its details where `iss` is there and is not
 * the one that was set; `provider_answer_invalid` when there is neither code nor error. Without a hint where logging in
 * again is all there is to do, since how that is done is the caller's to know
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
  return { kind: 'code', code: new Secret(code), parameters: validated };
}

/** @returns the issuer that the library is to expect: of a template, the one tenant's that answered */
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
    // The library's own message and cause hold the parameters, the code among them.
    throw refused('the answer to the login is not one to an authorization code request');
  }
}

/** Somebody may be passing the answer of one server off as another's (RFC 9207 §1). */
function otherIssuer(): VaultError {
  return new VaultError(
    'login_refused',
    'the answer to the login comes from another server than the one that was asked',
    { details: { check: 'issuer' } },
  );
}

function issuerNotSet(iss: string): VaultError {
  return new VaultError(
    'login_refused',
    'the answer to the login names the server it comes from, and nothing says whether that is the right one',
    {
      hint: `if this is the server you mean, set issuer of this provider to ${printable(iss)} in config.json`,
    },
  );
}

function refused(message: string): VaultError {
  return new VaultError('login_refused', message);
}
