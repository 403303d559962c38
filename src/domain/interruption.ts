/**
 * Lets a signal be heard that has come meanwhile, and stops there when it asks to: work that waits for nothing hears none. To
 * be called where nothing is changed yet that a person would have to know of.
 *
 * @throws the signal's reason
 */
export async function stopIfAsked(signal: AbortSignal): Promise<void> {
  // The event loop looks for signals between two of its turns, and the first may be the one that is going on.
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
  signal.throwIfAborted();
}

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
