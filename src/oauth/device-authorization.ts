import { parseEndpoint } from '../domain/endpoint.js';
import { Secret } from '../domain/secret.js';
import type { ErrorFacts, Provider } from '../providers/contract.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { type Members, member, parseMembers } from './answer-body.js';
import type { RefusedAnswer } from './contract.js';
import { readLifetime } from './lifetime.js';
import { post, type TokenEndpoint } from './token-endpoint.js';
import { classify, isSuccess, saysError } from './token-error.js';

export interface DeviceAuthorizationRequest extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] & Pick<Provider, 'scopeSeparator' | 'device'>;
  readonly scopes: readonly string[];
}

/** What the person is to do, and how to ask whether they have (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  readonly kind: 'authorized';
  /** Never shown, never logged: whoever has it gets the tokens. */
  readonly deviceCode: Secret;
  /** As the person types it. */
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it; null where the provider sends none. */
  readonly verificationUriComplete: string | null;
  /** Seconds the codes live, an hour at most. */
  readonly expiresIn: number;
  /** Least seconds between two polls. */
  readonly interval: number;
}

export type DeviceAnswer =
  | DeviceAuthorization
  | RefusedAnswer
  /** A success without what is needed; `flaw` says what, in words that hold no value of the answer. */
  | { readonly kind: 'useless'; readonly flaw: string };

/** RFC 8628 §3.2: what counts when the provider does not say. */
const USUAL_INTERVAL = 5;
/** What providers give, where one says nothing usable: Google 1800, Microsoft and GitHub 900. */
const USUAL_LIFETIME = 900;
const LONGEST_LIFETIME = 3_600;
/** Slow enough for anyone, where the interval would not leave a single poll. */
const SLOW_INTERVAL = 60;

const DEVICE_CODE = /^[\x20-\x7e]{1,8192}$/;
/** No control or invisible characters: it is typed from what is seen. */
const USER_CODE = /^[\p{L}\p{N}\p{P}\p{S} ]{1,64}$/u;

/**
 * Asks for a device code and a user code (RFC 8628 §3.1), sending once. The client names itself in the body whatever
 * its authentication, because many servers look nowhere else.
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
    ...(scopes.length === 0 ? {} : { scope: scopes.join(provider.scopeSeparator) }),
  });
  return readDeviceAnswer(answer, provider.errors, now(), clientSecret === null ? [] : [clientSecret]);
}

/**
 * Reads what a device authorization endpoint answered, tolerant of what real providers send.
 *
 * @param now milliseconds since the epoch
 * @param sent secrets of the request, redacted wherever an error echoes them
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
  // Google and the older Entra endpoint say url.
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

/** Kept as the provider spells it: people compare it with what they see in the browser. */
function readAddress(value: unknown): string | null {
  return typeof value === 'string' && parseEndpoint(value) !== null ? value : null;
}

/** An interval as long as the codes live would mean never to ask, so it cannot be meant. */
function readInterval(members: Members, expiresIn: number): number {
  const seconds = readSeconds(members) ?? USUAL_INTERVAL;
  return seconds < expiresIn ? seconds : Math.min(seconds, SLOW_INTERVAL);
}

/**
 * The interval of an answer, at least a second.
 *
 * @returns null when it has none that makes sense
 */
export function readSeconds(members: Members): number | null {
  const value = member(members, 'interval');
  const seconds =
    typeof value === 'string' && /^\s*\d{1,9}(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds)
    ? Math.max(1, Math.ceil(seconds))
    : null;
}
