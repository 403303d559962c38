import type { RetryPolicyName } from '../../access/refresher-protocol.js';
import { MINUTE, SECOND } from '../../domain/duration.js';
import { TransportFailure } from '../../domain/transport.js';
import type { TokenAnswer } from '../../oauth/contract.js';
import type { Clock } from '../../system/contract.js';

/** How a refresh deals with a provider that cannot be reached. */
export interface RetryPolicy {
  /** Pauses between attempts that did not leave this machine, in milliseconds. */
  readonly pauses: readonly number[];
  /** The longest Retry-After that is obeyed; a longer one ends the attempt. */
  readonly maxRetryAfter: number;
  /** How long another process may hold the account before this one gives up, in milliseconds. */
  readonly lockTimeout: number;
  /** How long a command waits for the outcome altogether, in milliseconds. The refresh continues without it. */
  readonly timeout: number;
}

/** Longer than one request may take, so that a waiter usually sees the holder's result. */
const ONE_REQUEST = 130 * SECOND;

/** A user or a script waits for the answer. */
export const SHORT_RETRIES: RetryPolicy = {
  pauses: [SECOND, 2 * SECOND],
  maxRetryAfter: 5 * SECOND,
  lockTimeout: ONE_REQUEST,
  timeout: ONE_REQUEST,
};
/** A bulk run has time. */
export const LONG_RETRIES: RetryPolicy = {
  pauses: [2 * SECOND, 4 * SECOND, 8 * SECOND],
  maxRetryAfter: 30 * SECOND,
  lockTimeout: ONE_REQUEST,
  timeout: 4 * MINUTE,
};
/** There is a valid token, so nothing has to be waited for. */
export const NO_RETRIES: RetryPolicy = {
  pauses: [],
  maxRetryAfter: 0,
  lockTimeout: 5 * SECOND,
  timeout: 10 * SECOND,
};

export const RETRY_POLICIES: Readonly<Record<RetryPolicyName, RetryPolicy>> = {
  none: NO_RETRIES,
  short: SHORT_RETRIES,
  long: LONG_RETRIES,
};

/** The answer, or why there is none, and when the request that led to it was begun. */
export interface Sent {
  /** Milliseconds since the epoch: lifetimes count from here, not from the arrival of the answer. */
  readonly at: number;
  readonly result: TokenAnswer | TransportFailure;
  /**
   * When the first attempt was begun that may have reached the provider and got no final answer, milliseconds since the
   * epoch; null when there was none. The outcome of a later attempt does not undo it.
   */
  readonly openSince: number | null;
}

export interface Sending {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Ends the pauses, never a request that was sent. */
  readonly signal?: AbortSignal;
  /** Asked before a refresh token is sent again that may have reached the provider. */
  readonly mayResend: () => boolean;
  /** Called when the provider asks for a pause. @param milliseconds until the next attempt */
  readonly onPause?: ((milliseconds: number) => void) | undefined;
  /** How long the host of this request could not be reached; shared by all refreshes of one process. */
  readonly outage?: Outage | undefined;
}

/** A refresh token is sent at most this often by one command. */
const MAX_SENDS = 2;
const PAUSE_BEFORE_REPEAT = SECOND;
/**
 * Later than this after the first attempt nothing is repeated: no rotating server honours an old token for so long, and
 * the caller waits.
 */
const LATEST_REPEAT = MINUTE;

/**
 * Sends a refresh request until there is a final answer. A request that never left this machine costs nothing and is repeated
 * after growing pauses. One that may have reached the provider may have used up the refresh token: it is repeated once and soon,
 * while a rotating server still honours the old token, and only after a hard failure: as long as the connection is open, the
 * answer may still come.
 */
export async function sendWithRetries(
  send: () => Promise<TokenAnswer>,
  { policy, clock, signal, mayResend, outage, onPause }: Sending,
): Promise<Sent> {
  const pauses = [...policy.pauses];
  const limit = pauses.reduce((sum, pause) => sum + pause, 0);
  const begun = clock.elapsed();
  let sends = 0;
  let openSince: number | null = null;
  for (;;) {
    const at = clock.now();
    const result = await attempt(send);
    const unsent = result instanceof TransportFailure && result.sent === 'no';
    if (!unsent) sends += 1;
    if (unsent) outage?.failed(clock.elapsed());
    else outage?.reached();
    if (leavesOpen(result)) openSince ??= at;
    const pause = pauseBeforeNext(result, sends, pauses, policy);
    const isOver = unsent && outage?.hasLasted(limit, clock.elapsed()) === true;
    const isTooLate = isOver || clock.elapsed() - begun > LATEST_REPEAT;
    if (pause === null || isTooLate || (openSince !== null && !mayResend())) return { at, result, openSince };
    // Repeating what may have been sent is part of the exchange; only a pause can be interrupted.
    const length = pause * (1 + Math.random() / 4);
    if (isRetryAfter(result)) onPause?.(length);
    if (length > 0) await clock.sleep(length, signal);
  }
}

/** Whether the provider may have replaced the refresh token in an answer that never arrived. */
function leavesOpen(result: TokenAnswer | TransportFailure): boolean {
  if (result instanceof TransportFailure) return result.sent === 'maybe';
  return result.kind === 'refused' && result.leavesOpen;
}

function isRetryAfter(result: TokenAnswer | TransportFailure): boolean {
  return !(result instanceof TransportFailure) && result.kind === 'refused' && result.retryAfter !== null;
}

/** @returns null for no further attempt */
function pauseBeforeNext(
  result: TokenAnswer | TransportFailure,
  sends: number,
  pauses: number[],
  policy: RetryPolicy,
): number | null {
  if (result instanceof TransportFailure) {
    if (result.sent === 'no') return pauses.shift() ?? null;
    return sends < MAX_SENDS && result.reason !== 'timeout' && result.reason !== 'aborted' ? 0 : null;
  }
  if (result.kind === 'granted' || result.class !== 'transient') return null;
  const pause = result.retryAfter ?? PAUSE_BEFORE_REPEAT;
  return sends < MAX_SENDS && pause <= policy.maxRetryAfter ? pause : null;
}

async function attempt(send: () => Promise<TokenAnswer>): Promise<TokenAnswer | TransportFailure> {
  try {
    return await send();
  } catch (failure) {
    if (failure instanceof TransportFailure) return failure;
    throw failure;
  }
}

/** How long a host could not be reached, by any refresh of this process. */
export interface Outage {
  /** An attempt did not leave this machine. @param now monotonic, in milliseconds */
  failed(now: number): void;
  reached(): void;
  /** Whether it has lasted for this many milliseconds, so that further pauses are of no use. */
  hasLasted(limit: number, now: number): boolean;
}

interface Span {
  readonly from: number;
  readonly last: number;
}

/** After this long without a failure, the next one begins another outage. */
const FRESH = MINUTE;
/** The key that counts for all hosts together: if no host can be reached, the network of this machine is down. */
const EVERYWHERE = '';

/**
 * The pauses between attempts give a host, or the network, time to come back. In a bulk run that time counts once for all
 * accounts, not once for each.
 */
export function outages(): (host: string) => Outage {
  const spans = new Map<string, Span>();
  return (host) => {
    const both = [host, EVERYWHERE];
    return {
      failed(now) {
        for (const key of both) {
          const span = spans.get(key);
          const goesOn = span !== undefined && now - span.last < FRESH;
          spans.set(key, { from: goesOn ? span.from : now, last: now });
        }
      },
      reached() {
        for (const key of both) spans.delete(key);
      },
      hasLasted(limit, now) {
        return both.some((key) => now - (spans.get(key)?.from ?? now) >= limit);
      },
    };
  };
}
