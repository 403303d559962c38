/**
 * A promise for races: it rejects with the signal's reason when that is aborted, and never settles otherwise.
 *
 * @param over aborted when the race is decided, so that nothing is left listening
 */
export function interrupted(signal: AbortSignal, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: over });
  });
}
