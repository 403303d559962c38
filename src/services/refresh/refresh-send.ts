import { MINUTE, SECOND } from '../../domain/duration.js';
import { TransportFailure } from '../../domain/transport.js';
import type { TokenAnswer } from '../../oauth/contract.js';
import type { Clock } from '../../system/contract.js';
import type { Outage } from './outages.js';

/** How patient a refresh is with a provider that cannot be reached. */
export interface RetryPolicy {
  /** Pauses between attempts that did not leave this machine, in milliseconds. */
  readonly pauses: readonly number[];
  /** The longest Retry-After that is waited for; a longer one ends the attempt. */
  readonly longestWait: number;
  /** How long another process may hold the account before this one gives up, in milliseconds. */
  readonly turn: number;
  /** How long a command waits for the outcome altogether, in milliseconds. The refresh goes on without it. */
  readonly outcome: number;
}

/** How patient a refresh is; each is a {@link RetryPolicy}. */
export type Patience = 'once' | 'brief' | 'thorough';

/** Longer than one request may take, so that a waiter usually sees the holder's result. */
const ONE_REQUEST = 130 * SECOND;

/** Somebody waits for the answer at a prompt, or a script does. */
export const BRIEF: RetryPolicy = {
  pauses: [SECOND, 2 * SECOND],
  longestWait: 5 * SECOND,
  turn: ONE_REQUEST,
  outcome: ONE_REQUEST,
};
/** A bulk run has time. */
export const THOROUGH: RetryPolicy = {
  pauses: [2 * SECOND, 4 * SECOND, 8 * SECOND],
  longestWait: 30 * SECOND,
  turn: ONE_REQUEST,
  outcome: 4 * MINUTE,
};
/** A valid token is at hand, so there is nothing to wait for. */
export const ONCE: RetryPolicy = { pauses: [], longestWait: 0, turn: 5 * SECOND, outcome: 10 * SECOND };

export const POLICIES: Readonly<Record<Patience, RetryPolicy>> = {
  once: ONCE,
  brief: BRIEF,
  thorough: THOROUGH,
};

/** The answer, or why there is none, and when the request that led to it was begun. */
export interface Sent {
  /** Milliseconds since the epoch: lifetimes count from here, not from the arrival of the answer. */
  readonly at: number;
  readonly result: TokenAnswer | TransportFailure;
  /**
   * When the first attempt was begun that may have reached the provider and got no final answer, milliseconds since the
   * epoch; null when there was none. What a later attempt comes to does not undo it.
   */
  readonly maybeAt: number | null;
}

export interface Sending {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Ends the pauses, never a request that was sent. */
  readonly signal?: AbortSignal;
  /** Asked before a refresh token is sent again that may have reached the provider. */
  readonly mayResend: () => boolean;
  /** Of the host it is sent to; left out: nothing is known of other attempts. */
  readonly outage?: Outage | undefined;
}

/** A refresh token is sent at most this often by one command. */
const MOST_SENDS = 2;
const PAUSE_BEFORE_REPEAT = SECOND;
/**
 * Later than this after the first attempt nothing is repeated: no rotating server honours an old token for so long, and
 * somebody waits.
 */
const LATEST_REPEAT = MINUTE;

/**
 * Sends a refresh request until there is an answer that means something. What never left this machine costs nothing and
 * is repeated after growing pauses. What may have reached the provider may have spent the refresh token: it is repeated
 * once and soon, while a rotating server still honours the old token, and then left alone; and only after a hard failure: as
 * long as the connection is there, so may be the answer.
 */
export async function sendPatiently(
  send: () => Promise<TokenAnswer>,
  { policy, clock, signal, mayResend, outage }: Sending,
): Promise<Sent> {
  const pauses = [...policy.pauses];
  const patience = pauses.reduce((sum, pause) => sum + pause, 0);
  const begun = clock.elapsed();
  let sends = 0;
  let maybeAt: number | null = null;
  for (;;) {
    const at = clock.now();
    const result = await attempt(send);
    const unsent = result instanceof TransportFailure && result.sent === 'no';
    if (!unsent) sends += 1;
    if (unsent) outage?.failed(clock.elapsed());
    else outage?.reached();
    if (leavesOpen(result)) maybeAt ??= at;
    const pause = pauseBeforeNext(result, sends, pauses, policy);
    const isOver = unsent && outage?.hasLasted(patience, clock.elapsed()) === true;
    const tooLate = isOver || clock.elapsed() - begun > LATEST_REPEAT;
    if (pause === null || tooLate || (maybeAt !== null && !mayResend())) return { at, result, maybeAt };
    // The repeat of what may have been sent is part of the exchange; only waiting can be interrupted.
    if (pause > 0) await clock.sleep(pause * (1 + Math.random() / 4), signal);
  }
}

/** Whether the provider may have replaced the refresh token and nobody heard of it. */
function leavesOpen(result: TokenAnswer | TransportFailure): boolean {
  if (result instanceof TransportFailure) return result.sent === 'maybe';
  return result.kind === 'refused' && result.leavesOpen;
}

/** @returns null when there shall be no further attempt */
function pauseBeforeNext(
  result: TokenAnswer | TransportFailure,
  sends: number,
  pauses: number[],
  policy: RetryPolicy,
): number | null {
  if (result instanceof TransportFailure) {
    if (result.sent === 'no') return pauses.shift() ?? null;
    return sends < MOST_SENDS && result.reason !== 'timeout' && result.reason !== 'aborted' ? 0 : null;
  }
  if (result.kind === 'granted' || result.class !== 'transient') return null;
  const pause = result.retryAfter ?? PAUSE_BEFORE_REPEAT;
  return sends < MOST_SENDS && pause <= policy.longestWait ? pause : null;
}

async function attempt(send: () => Promise<TokenAnswer>): Promise<TokenAnswer | TransportFailure> {
  try {
    return await send();
  } catch (failure) {
    if (failure instanceof TransportFailure) return failure;
    throw failure;
  }
}
