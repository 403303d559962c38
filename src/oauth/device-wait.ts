import { MINUTE, SECOND } from '../domain/duration.js';
import { TransportFailure } from '../domain/transport.js';
import type { Clock, Http } from '../system/contract.js';
import type { GrantedAnswer, RefusedAnswer } from './contract.js';
import { type DevicePoll, type PollOutcome, pollDevice } from './device-poll.js';

export interface DeviceWait extends DevicePoll {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Least seconds between two polls, as the provider said. */
  readonly interval: number;
  /** No poll begins after this, milliseconds since the epoch. */
  readonly endsAt: number;
  /** Told after each poll that leaves the login waiting. */
  readonly onPoll: (standing: PollStanding) => void;
}

/** Why the login goes on waiting: for the person, or for a provider that could not be asked. */
export type PollStanding = 'pending' | 'unclear';

export type DeviceOutcome =
  /** `at`: when the request that brought it was begun, milliseconds since the epoch. */
  | { readonly kind: 'granted'; readonly answer: GrantedAnswer; readonly at: number }
  | { readonly kind: 'declined'; readonly refused: RefusedAnswer }
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly refused: RefusedAnswer }
  /** `endsAt` came first. `last` is what kept the last poll from being answered; null when it was. */
  | { readonly kind: 'ended'; readonly last: RefusedAnswer | TransportFailure | null };

/** RFC 8628 §3.5: for this and all later polls. */
const SLOWER = 5;
/** The longest pause made of failures alone; an interval that is longer is kept. */
const LONGEST_PAUSE = MINUTE;

/**
 * Polls until the person has finished, never faster than told (RFC 8628 §3.5): the first time after one interval, each
 * later one an interval after the answer before it. `slow_down` makes the interval longer for good. A poll without a
 * clear answer doubles the pause, until one is answered again.
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
    const outcome = await poll(http, wait);
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

type Heard =
  | Exclude<PollOutcome, { readonly kind: 'unclear' }>
  | {
      readonly kind: 'unclear';
      readonly why: RefusedAnswer | TransportFailure;
      /** Milliseconds. */
      readonly retryAfter: number;
    };

async function poll(http: Http, wait: DeviceWait): Promise<Heard> {
  try {
    const outcome = await pollDevice(http, wait);
    if (outcome.kind !== 'unclear') return outcome;
    return { kind: 'unclear', why: outcome.refused, retryAfter: outcome.refused.retryAfter ?? 0 };
  } catch (failure) {
    wait.signal.throwIfAborted();
    if (failure instanceof TransportFailure) return { kind: 'unclear', why: failure, retryAfter: 0 };
    throw failure;
  }
}
