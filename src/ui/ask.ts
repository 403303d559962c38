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
 * Asks for a line.
 *
 * @returns null where the input ends first
 * @throws VaultError the reason of the signal, or `interrupted`, when it is aborted first
 */
export async function askLine(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  signal: AbortSignal,
): Promise<string | null> {
  output.write(`${question} `);
  for await (const line of readLines(input, signal)) return line.trim();
  output.write('\n');
  if (!signal.aborted) return null;
  throw signal.reason instanceof VaultError ? signal.reason : stopped();
}

export const stopped = () => new VaultError('interrupted', 'stopped while asking');

/** Whether an answer is yes. @param usual what an empty one means */
export function isYes(answer: string | null, usual: 'yes' | 'no'): boolean {
  return answer === '' ? usual === 'yes' : /^y(es)?$/i.test(answer ?? '');
}
