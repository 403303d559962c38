import { MINUTE } from '../../domain/duration.js';

/** What is known of a host that could not be reached, by all refreshes of one process together. */
export interface Outage {
  /** An attempt did not leave this machine. @param now by a clock that nobody sets, in milliseconds */
  failed(now: number): void;
  reached(): void;
  /** Whether it has lasted for so many milliseconds, so that further pauses are of no use. */
  hasLasted(patience: number, now: number): boolean;
}

interface Span {
  readonly from: number;
  readonly last: number;
}

/** An outage of which nothing was heard for so long is another one. */
const FRESH = MINUTE;
/** Stands for all hosts together: when none at all is reached, it is the network of this machine. */
const EVERYWHERE = '';

/**
 * The pauses between attempts give a host, or the network, some time to come back. Accounts that wait one after another for
 * a place in a bulk run would give it that time each; here the time counts once for all of them.
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
      hasLasted(patience, now) {
        return both.some((key) => now - (spans.get(key)?.from ?? now) >= patience);
      },
    };
  };
}
