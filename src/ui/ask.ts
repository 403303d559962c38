import { VaultError } from '../domain/errors.js';

/**
 * Lines as the user types or pastes them, until the input ends or the signal is aborted. The input is left paused, so that
 * it does not keep the program alive.
 */
export async function* readLines(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<string> {
  const { createInterface } = await import('node:readline');
  if (signal.aborted) return;
  // Not as a terminal: readline would switch it to raw mode and take Ctrl-C away from the program.
  const reader = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  const close = () => reader.close();
  signal.addEventListener('abort', close, { once: true });
  input.once('error', close);
  try {
    for await (const line of reader) yield line;
  } finally {
    signal.removeEventListener('abort', close);
    input.removeListener('error', close);
    reader.close();
  }
}

/**
 * Asks a question that takes `y` or `yes`; anything else, and the end of the input, is no.
 *
 * @throws VaultError the reason of the signal, or `interrupted`, when it is aborted first
 */
export async function askYesNo(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<boolean> {
  output.write(`${question} [y/N] `);
  for await (const line of readLines(input, signal)) return /^y(es)?$/i.test(line.trim());
  output.write('\n');
  if (!signal.aborted) return false;
  throw signal.reason instanceof VaultError
    ? signal.reason
    : new VaultError('interrupted', 'stopped while asking');
}
