import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';

/** What came of reading a descriptor that somebody has opened for this program. */
export type DescriptorText =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'not_open' | 'terminal' | 'too_long' | 'timed_out' };

/**
 * Reads the first line from an open descriptor, which is closed then. A pipe is not waited for in a thread, because a
 * thread that waits for ever could not be got rid of.
 *
 * @param limit bytes
 * @param patience milliseconds
 */
export async function readDescriptor(
  descriptor: number,
  limit: number,
  patience: number,
): Promise<DescriptorText> {
  try {
    const stats = fstatSync(descriptor);
    if (isatty(descriptor)) return { kind: 'terminal' };
    if (stats.isFIFO() || stats.isSocket()) return await readPipe(descriptor, limit, patience);
    if (stats.isFile() && stats.size > limit) return { kind: 'too_long' };
    const content = readFileSync(descriptor);
    closeSync(descriptor);
    return firstLine([content], limit);
  } catch {
    return { kind: 'not_open' };
  }
}

function readPipe(descriptor: number, limit: number, patience: number): Promise<DescriptorText> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd: descriptor, readable: true, writable: false });
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: DescriptorText) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ kind: 'timed_out' }), patience);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit || chunk.includes('\n')) settle(firstLine(chunks, limit));
    });
    socket.on('end', () => settle(firstLine(chunks, limit)));
    socket.on('error', () => settle({ kind: 'not_open' }));
  });
}

function firstLine(chunks: readonly Buffer[], limit: number): DescriptorText {
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  const text = line.toString('utf8').replace(/\r$/, '');
  const outcome: DescriptorText = line.length > limit ? { kind: 'too_long' } : { kind: 'line', text };
  for (const chunk of [...chunks, bytes]) chunk.fill(0);
  return outcome;
}
