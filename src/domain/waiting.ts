/** A reason to abort with: without one of our own, each abort makes an error with a stack, which takes longer than a database row. */
export const OVER = new Error('over');

/**
 * Throws where a signal has arrived meanwhile: a synchronous loop never sees it, because the event loop delivers
 * signals between two of its turns. Call it before the first change that a user would have to undo.
 *
 * @throws the signal's reason
 */
export async function throwIfInterrupted(signal: AbortSignal): Promise<void> {
  // The first turn may be the current one.
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
  signal.throwIfAborted();
}

/**
 * A promise for races: it rejects with the signal's reason when that is aborted, and never settles otherwise.
 *
 * @param over aborted when the race is decided; removes the listener
 */
export function interrupted(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: over });
  });
}

/**
 * Writes together what is written in one turn of the event loop: each write wakes the process that reads, and what that one does
 * in answer would come one by one as well.
 */
export function gathered(write: (lines: string) => void): (line: string) => void {
  let lines = '';
  return (line) => {
    if (lines === '')
      setImmediate(() => {
        const all = lines;
        lines = '';
        write(all);
      });
    lines += line;
  };
}

/**
 * Waits for `work`, but no longer than `limit` milliseconds; then the result is that of `late`.
 *
 * @throws what `work` or `late` throws; the signal's reason when it is aborted first
 */
export async function withDeadline<T, L = T>(
  clock: { sleep(milliseconds: number, signal?: AbortSignal): Promise<void> },
  limit: number,
  work: Promise<T>,
  late: () => L | Promise<L>,
  signal?: AbortSignal,
): Promise<T | L> {
  const done = new AbortController();
  const end = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  try {
    return await Promise.race([work, clock.sleep(limit, end).then(late)]);
  } finally {
    done.abort(OVER);
  }
}
