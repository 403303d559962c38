/** Ends a turn; may be called twice. */
export type EndTurn = () => void;

/** A limit on what is done at the same time. */
export interface Turns {
  /**
   * Waits for a turn, in the order of the calls.
   *
   * @param limit milliseconds; default: as long as it takes
   * @returns null when the time is over first
   * @throws the signal's reason, also where a turn is free
   */
  take(signal: AbortSignal, limit?: number): Promise<EndTurn | null>;
}

export function createTurns(
  count: number,
  clock: { sleep(milliseconds: number, signal?: AbortSignal): Promise<void> },
): Turns {
  const waiting = new Set<() => void>();
  let taken = 0;

  function end(): void {
    const [next] = waiting;
    if (next === undefined) taken -= 1;
    else next();
  }

  /** What ends the waiting removes it at once: a turn that nobody takes any more would be lost. */
  async function queue(signal: AbortSignal, limit: number | undefined): Promise<boolean> {
    const over = new AbortController();
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const begin = () => void (waiting.delete(begin) && resolve(true));
        const leave = () => void (waiting.delete(begin) && resolve(false));
        const stop = () => void (waiting.delete(begin) && reject(signal.reason));
        waiting.add(begin);
        signal.addEventListener('abort', stop, { once: true, signal: over.signal });
        if (limit !== undefined) clock.sleep(limit, over.signal).then(leave, () => undefined);
      });
    } finally {
      over.abort(OVER);
    }
  }

  return {
    async take(signal, limit) {
      signal.throwIfAborted();
      if (taken < count) taken += 1;
      else if (!(await queue(signal, limit))) return null;
      let ended = false;
      return () => {
        if (!ended) end();
        ended = true;
      };
    },
  };
}

/** Without a reason of our own, each abort would make an error with a stack. */
const OVER = new Error('over');
