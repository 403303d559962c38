import { MINUTE, SECOND } from '../domain/duration.js';
import { parseEndpoint } from '../domain/endpoint.js';
import { Secret } from '../domain/secret.js';
import { TransportFailure } from '../domain/transport.js';
import type { ErrorFacts, Provider } from '../providers/contract.js';
import type { Clock, Http, HttpAnswer } from '../system/contract.js';
import { type Members, member, parseMembers } from './answer-body.js';
import type { GrantedAnswer, RefusedAnswer } from './contract.js';
import { readLifetime, readTokenAnswer } from './token-answer.js';
import { post, postForToken, resourceOf, type TokenEndpoint } from './token-endpoint.js';
import { classify, isSuccess, saysError } from './token-error.js';

export interface DeviceAuthorizationRequest extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] & Pick<Provider, 'scopeSeparator' | 'device' | 'resource'>;
  readonly scopes: readonly string[];
}

/** What the user has to do, and how to poll (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  readonly kind: 'authorized';
  /** Never printed or logged: it can be exchanged for the tokens. */
  readonly deviceCode: Secret;
  /** As the user types it. */
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it; null when the provider sends none. */
  readonly verificationUriComplete: string | null;
  /** Seconds until the codes expire, an hour at most. */
  readonly expiresIn: number;
  /** Minimum seconds between two polls. */
  readonly interval: number;
}

export type DeviceAnswer =
  | DeviceAuthorization
  | RefusedAnswer
  /** A success without a required member; `flaw` names it, and holds no value of the answer. */
  | { readonly kind: 'useless'; readonly flaw: string };

/** The default of RFC 8628 §3.2. */
const USUAL_INTERVAL = 5;
/** For a provider without a usable value: Google sends 1800, Microsoft and GitHub 900. */
const USUAL_LIFETIME = 900;
const LONGEST_LIFETIME = 3_600;
/** For an interval so long that it would not leave a single poll. */
const SLOW_INTERVAL = 60;

const DEVICE_CODE = /^[\x20-\x7e]{1,8192}$/;
/** Without control and invisible characters: the user copies what is visible. */
const USER_CODE = /^[\p{L}\p{N}\p{P}\p{S} ]{1,64}$/u;

/**
 * Requests a device code and a user code (RFC 8628 §3.1), sending once. `client_id` is always in the body, because many
 * servers look nowhere else.
 *
 * @throws TransportFailure when there is no whole answer
 */
export async function authorizeDevice(
  http: Http,
  request: DeviceAuthorizationRequest,
): Promise<DeviceAnswer> {
  const { provider, scopes, clientId, clientSecret, now = Date.now } = request;
  const clientAuth = provider.device?.clientAuth ?? provider.clientAuth;
  const to = { ...request, provider: { ...provider, clientAuth, tokenBody: 'form' as const } };
  const answer = await post(http, to, {
    client_id: clientId,
    ...resourceOf(provider),
    ...(scopes.length === 0
      ? {}
      : { [provider.device?.scopeParameter ?? 'scope']: scopes.join(provider.scopeSeparator) }),
  });
  return readDeviceAnswer(answer, provider.errors, now(), clientSecret === null ? [] : [clientSecret]);
}

/**
 * Parses the answer of a device authorization endpoint, tolerant of what real providers send.
 *
 * @param now milliseconds since the epoch
 * @param sent secrets of the request, redacted where an error echoes them
 */
export function readDeviceAnswer(
  answer: HttpAnswer,
  facts: ErrorFacts,
  now: number,
  sent: readonly Secret[] = [],
): DeviceAnswer {
  const members = parseMembers(answer);
  if (!isSuccess(answer.status) || members === null || saysError(members)) {
    return classify(answer, members, facts, now, sent);
  }
  const deviceCode = member(members, 'device_code');
  const userCode = member(members, 'user_code');
  // Google and the older Entra endpoint send `url`.
  const address = readAddress(member(members, 'verification_uri') ?? member(members, 'verification_url'));
  if (typeof deviceCode !== 'string' || !DEVICE_CODE.test(deviceCode)) return useless('device code');
  if (typeof userCode !== 'string' || !USER_CODE.test(userCode.trim())) return useless('code to type');
  if (address === null) return useless('safe address to type it at');
  const expiresIn = Math.min(readLifetime(members, ['expires_in'], []) ?? USUAL_LIFETIME, LONGEST_LIFETIME);
  return {
    kind: 'authorized',
    deviceCode: new Secret(deviceCode),
    userCode: userCode.trim(),
    verificationUri: address,
    verificationUriComplete: readAddress(
      member(members, 'verification_uri_complete') ?? member(members, 'verification_url_complete'),
    ),
    expiresIn,
    interval: readInterval(members, expiresIn),
  };
}

function useless(what: string): DeviceAnswer {
  return { kind: 'useless', flaw: `the answer has no usable ${what}` };
}

/** Spelled as the provider sent it, because users compare it with the browser. */
function readAddress(value: unknown): string | null {
  return typeof value === 'string' && parseEndpoint(value) !== null ? value : null;
}

/** An interval as long as the codes' lifetime cannot be meant. */
function readInterval(members: Members, expiresIn: number): number {
  const seconds = readSeconds(members) ?? USUAL_INTERVAL;
  return seconds < expiresIn ? seconds : Math.min(seconds, SLOW_INTERVAL);
}

/** The interval of an answer, at least a second; null without a usable one. */
function readSeconds(members: Members): number | null {
  const value = member(members, 'interval');
  const seconds =
    typeof value === 'string' && /^\s*\d{1,9}(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds)
    ? Math.max(1, Math.ceil(seconds))
    : null;
}

export interface DevicePoll extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] & Pick<Provider, 'resource'>;
  readonly deviceCode: Secret;
}

export type PollOutcome =
  | GrantedAnswer
  /** The user has not finished. */
  | { readonly kind: 'pending' }
  /** Polled too fast. `interval` in seconds, when the provider sends a new one (GitHub). */
  | { readonly kind: 'slow_down'; readonly interval: number | null; readonly retryAfter: number | null }
  | { readonly kind: 'expired' }
  /** The user (`declined`) or the provider refused. */
  | { readonly kind: 'declined' | 'refused'; readonly refused: RefusedAnswer }
  /** The provider failed, something in between answered, or nothing did. */
  | {
      readonly kind: 'unclear';
      readonly why: RefusedAnswer | TransportFailure;
      /** Milliseconds. */
      readonly retryAfter: number;
    };

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 8628 §3.5; the second is Entra's. */
const DECLINED: readonly string[] = ['access_denied', 'authorization_declined'];
const EXPIRED: readonly string[] = ['expired_token', 'code_expired'];
/** Google's status for "pending". */
const PRECONDITION_REQUIRED = 428;

/**
 * Polls once (RFC 8628 §3.4, §3.5). The error name counts, not the status: "pending" is 400 in the standard, 428 at
 * Google, 200 at GitHub; "slow down" is 403 at Google.
 *
 * @throws the signal's reason when it is aborted
 */
export async function pollDevice(http: Http, poll: DevicePoll): Promise<PollOutcome> {
  const { deviceCode, clientSecret, provider, now = Date.now } = poll;
  const parameters = { grant_type: GRANT_TYPE, device_code: deviceCode.reveal(), ...resourceOf(provider) };
  const answer = await postForToken(http, poll, parameters).catch((failure: unknown) => {
    poll.signal?.throwIfAborted();
    if (failure instanceof TransportFailure) return failure;
    throw failure;
  });
  if (answer instanceof TransportFailure) return { kind: 'unclear', why: answer, retryAfter: 0 };
  const sent = clientSecret === null ? [deviceCode] : [deviceCode, clientSecret];
  const read = readTokenAnswer(answer, provider.errors, now(), sent, provider);
  if (read.kind === 'granted') return read;
  const { error, retryAfter } = read;
  if (error === 'slow_down') {
    return { kind: 'slow_down', interval: readSeconds(parseMembers(answer) ?? {}), retryAfter };
  }
  if (error === 'authorization_pending' || answer.status === PRECONDITION_REQUIRED)
    return { kind: 'pending' };
  // Entra sends the same name when a policy forbids the login, with a finer code.
  const byPolicy = read.detail !== null && provider.errors.policy.includes(read.detail);
  if (DECLINED.includes(error) && !byPolicy) return { kind: 'declined', refused: read };
  if (EXPIRED.includes(error)) return { kind: 'expired' };
  // A success without a token has used up the code.
  const spent = error === 'no_access_token' || error === 'token_unprintable';
  if (read.class !== 'transient' || spent) return { kind: 'refused', refused: read };
  return { kind: 'unclear', why: read, retryAfter: retryAfter ?? 0 };
}

export interface DeviceWait extends DevicePoll {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Minimum seconds between two polls. */
  readonly interval: number;
  /** No poll begins after this time. */
  readonly endsAt: number;
  /** Called after each poll that leaves the login waiting. */
  readonly onPoll: (state: PollState) => void;
}

/** Why the login waits: for the user, or for a provider that did not answer. */
export type PollState = 'pending' | 'unclear';

export type DeviceOutcome =
  /** `at`: when the request began, milliseconds since the epoch. */
  | { readonly kind: 'granted'; readonly answer: GrantedAnswer; readonly at: number }
  | Extract<PollOutcome, { readonly kind: 'expired' | 'declined' | 'refused' }>
  /** `endsAt` came first. `last` is why the last poll had no answer; null when it had one. */
  | { readonly kind: 'ended'; readonly last: RefusedAnswer | TransportFailure | null };

/** RFC 8628 §3.5: seconds, for this and all later polls. */
const SLOWER = 5;
/** The longest pause between failed polls; a longer interval is kept. */
const LONGEST_PAUSE = MINUTE;

/**
 * Polls until the user has finished, never faster than allowed (RFC 8628 §3.5): first after one interval, then an
 * interval after each answer. `slow_down` lengthens the interval for good. Each poll without a clear answer doubles the
 * pause.
 *
 * @throws the signal's reason when it is aborted
 */
export async function waitForDevice(http: Http, wait: DeviceWait): Promise<DeviceOutcome> {
  const { clock, signal, endsAt, onPoll } = wait;
  let interval = wait.interval * SECOND;
  let atLeast = 0;
  let failures = 0;
  let last: RefusedAnswer | TransportFailure | null = null;
  for (;;) {
    const pause = Math.max(interval, atLeast, Math.min(interval * 2 ** failures, LONGEST_PAUSE));
    const left = endsAt - clock.now();
    await clock.sleep(Math.max(0, Math.min(pause, left)), signal);
    if (left < pause) return { kind: 'ended', last };
    const at = clock.now();
    const outcome = await pollDevice(http, wait);
    atLeast = 0;
    switch (outcome.kind) {
      case 'granted':
        return { kind: 'granted', answer: outcome, at };
      case 'declined':
      case 'expired':
      case 'refused':
        return outcome;
      case 'slow_down':
        interval = Math.max(interval + SLOWER * SECOND, (outcome.interval ?? 0) * SECOND);
        atLeast = outcome.retryAfter ?? 0;
        failures = 0;
        last = null;
        break;
      case 'pending':
        failures = 0;
        last = null;
        break;
      case 'unclear':
        failures += 1;
        last = outcome.why;
        atLeast = outcome.retryAfter;
        break;
    }
    onPoll(last === null ? 'pending' : 'unclear');
  }
}
