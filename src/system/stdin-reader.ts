import { readSync } from 'node:fs';

/** What ends this process while it waits. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const CHUNK = 64 * 1024;

/**
 * Reads file descriptor 0 directly: opening `process.stdin` costs a tenth of a valid token. Each call waits for input, and
 * nothing else happens meanwhile, so a signal has to end the process as if it had no listener.
 *
 * @param signals the process
 * @returns what was read, nothing at the end; null where the input can be read as a stream only
 */
export function stdinReader(
  signals: Pick<NodeJS.Process, 'listeners' | 'off' | 'on'>,
): () => Uint8Array | null {
  const buffer = Buffer.allocUnsafe(CHUNK);
  return () => {
    const taken = SIGNALS.flatMap((name) => signals.listeners(name).map((listener) => ({ name, listener })));
    for (const { name, listener } of taken) signals.off(name, listener);
    try {
      return Buffer.from(buffer.subarray(0, readSync(0, buffer)));
    } catch {
      return null;
    } finally {
      for (const { name, listener } of taken) signals.on(name, listener);
    }
  };
}
