import type { RefusalClass } from './contract.js';

/**
 * What error codes mean at every provider. The codes of RFC 6749 §4.1.2.1 and §5.2, OpenID Connect Core §3.1.2.6,
 * RFC 7009 §2.2.1, and the ones that well-known servers use in their place. Codes peculiar to one provider stand
 * with that provider.
 */
const CODES: Readonly<Record<RefusalClass, readonly string[]>> = {
  login_needed: [
    'invalid_grant',
    'invalid_rapt',
    'interaction_required',
    'login_required',
    'consent_required',
    'account_selection_required',
    'expired_token',
    // GitHub, Slack and Zoho name the token or the code instead of the grant.
    'bad_refresh_token',
    'bad_verification_code',
    'invalid_refresh_token',
    'invalid_code',
    'token_expired',
    'token_revoked',
  ],
  configuration: [
    'invalid_client',
    'invalid_client_id',
    'bad_client_secret',
    'deleted_client',
    'disabled_client',
    'incorrect_client_credentials',
    'unauthorized_client',
    'unsupported_grant_type',
    'unsupported_response_type',
    'invalid_scope',
    'invalid_request',
    'invalid_target',
    'redirect_uri_mismatch',
    'bad_redirect_uri',
  ],
  policy: [
    'access_denied',
    'admin_policy_enforced',
    'org_internal',
    'disallowed_useragent',
    'unverified_user_email',
  ],
  transient: [
    'temporarily_unavailable',
    'server_error',
    'slow_down',
    'internal_error',
    'internal_server_error',
    'internal_failure',
    'service_unavailable',
    'service_overload',
    'gateway_timeout',
    'conflict_error',
    'fatal_error',
    'ratelimited',
    'rate_limited',
    'rate_limit_exceeded',
  ],
};

const CLASSES: ReadonlyMap<string, RefusalClass> = new Map(
  (Object.keys(CODES) as RefusalClass[]).flatMap((kind) => CODES[kind].map((code) => [code, kind] as const)),
);

/** @returns null for a code that is not shared between providers */
export function sharedClass(code: string): RefusalClass | null {
  return CLASSES.get(code) ?? null;
}
