import type { Secret } from '../domain/secret.js';
import type { Http } from '../system/contract.js';
import { parseMembers } from './answer-body.js';
import type { GrantedAnswer, RefusedAnswer } from './contract.js';
import { readSeconds } from './device-authorization.js';
import { readTokenAnswer } from './token-answer.js';
import { postForToken, type TokenEndpoint } from './token-endpoint.js';

export interface DevicePoll extends TokenEndpoint {
  readonly deviceCode: Secret;
}

/** What one poll says, named so that the loop around it never has to guess. */
export type PollOutcome =
  | GrantedAnswer
  /** The person is not done yet. */
  | { readonly kind: 'pending' }
  /** Not done yet, and polled too fast. `interval` in seconds, where the provider names a new one (GitHub). */
  | { readonly kind: 'slow_down'; readonly interval: number | null; readonly retryAfter: number | null }
  /** The person said no. */
  | { readonly kind: 'declined'; readonly refused: RefusedAnswer }
  /** The codes have ended. */
  | { readonly kind: 'expired' }
  /** Nobody knows: the provider is in trouble, or something in between answered. */
  | { readonly kind: 'unclear'; readonly refused: RefusedAnswer }
  | { readonly kind: 'refused'; readonly refused: RefusedAnswer };

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 8628 §3.5; the second is Entra's. */
const DECLINED: readonly string[] = ['access_denied', 'authorization_declined'];
const EXPIRED: readonly string[] = ['expired_token', 'code_expired'];
/** Google's status for "not yet", which nobody else uses. */
const PRECONDITION_REQUIRED = 428;

/**
 * Asks once whether the person has finished (RFC 8628 §3.4, §3.5). The error's name counts, not the status: "not yet" is
 * 400 in the standard, 428 at Google, 200 at GitHub; "slower" is 403 at Google.
 *
 * @throws TransportFailure when there is no answer that counts
 */
export async function pollDevice(http: Http, poll: DevicePoll): Promise<PollOutcome> {
  const { deviceCode, clientSecret, provider, now = Date.now } = poll;
  const answer = await postForToken(http, poll, { grant_type: GRANT_TYPE, device_code: deviceCode.reveal() });
  const sent = clientSecret === null ? [deviceCode] : [deviceCode, clientSecret];
  const read = readTokenAnswer(answer, provider.errors, now(), sent);
  if (read.kind === 'granted') return read;
  const { error, retryAfter } = read;
  if (error === 'slow_down') {
    return { kind: 'slow_down', interval: readSeconds(parseMembers(answer) ?? {}), retryAfter };
  }
  if (error === 'authorization_pending' || answer.status === PRECONDITION_REQUIRED)
    return { kind: 'pending' };
  // Entra says the same name where a policy forbids the login, with a finer code.
  const byPolicy = read.detail !== null && provider.errors.policy.includes(read.detail);
  if (DECLINED.includes(error) && !byPolicy) return { kind: 'declined', refused: read };
  if (EXPIRED.includes(error)) return { kind: 'expired' };
  // A success that holds no token has used the code up all the same.
  const spent = error === 'no_access_token' || error === 'token_unprintable';
  return { kind: read.class === 'transient' && !spent ? 'unclear' : 'refused', refused: read };
}
