import { OVER } from './waiting.js';

/** Frees one place for the next caller; may be called twice. */
export type Leave = () => void;

/** Limits how many things are done at the same time. */
export interface ConcurrencyLimit {
  /**
   * Waits until fewer than the limit are in progress. Callers get in in the order of their calls.
   *
   * @param timeout milliseconds; default: as long as it takes
   * @returns null when that ends first
   * @throws the signal's reason, even if nothing is in progress
   */
  enter(signal: AbortSignal, timeout?: number): Promise<Leave | null>;
}

export function createConcurrencyLimit(
  limit: number,
  clock: { sleep(milliseconds: number, signal?: AbortSignal): Promise<void> },
): ConcurrencyLimit {
  const waiting = new Set<() => void>();
  let inProgress = 0;

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) inProgress -= 1;
    else next();
  }

  /** A caller that stops waiting is removed at once: a place given to it would be lost. */
  async function queue(signal: AbortSignal, timeout: number | undefined): Promise<boolean> {
    const over = new AbortController();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const begin = () => void (waiting.delete(begin) && resolve(true));
        const giveUp = () => void (waiting.delete(begin) && resolve(false));
        const stop = () => void (waiting.delete(begin) && reject(signal.reason));
        waiting.add(begin);
        signal.addEventListener('abort', stop, { once: true, signal: over.signal });
        if (timeout !== undefined) clock.sleep(timeout, over.signal).then(giveUp, () => undefined);
      });
    } finally {
      over.abort(OVER);
    }
  }

  return {
    async enter(signal, timeout) {
      signal.throwIfAborted();
      if (inProgress < limit) inProgress += 1;
      else if (!(await queue(signal, timeout))) return null;
      let left = false;
      return () => {
        if (!left) leave();
        left = true;
      };
    },
  };
}
