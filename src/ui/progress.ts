import { createRequire } from 'node:module';
import type { Progress } from './io.js';
import { harmless } from './safe-text.js';
import { cut } from './width.js';

const BAR_COLUMNS = 20;
/** Bar, counter and the gaps between them; the rest of the line says what was done last. */
const FIXED_COLUMNS = BAR_COLUMNS + 16;

export const noProgress: Progress = { step: () => undefined, stop: () => undefined };

/** One plain line for each step, for files and pipes. */
export function plainProgress(print: (line: string) => void): Progress {
  return { step: (line) => print(line), stop: () => undefined };
}

/**
 * A bar on a terminal, wiped when it stops. Loads cli-progress; it is required and not imported because printing
 * does not wait.
 */
export function barProgress(stream: NodeJS.WritableStream, total: number, columns: number): Progress {
  const { SingleBar } = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
  const bar = new SingleBar({
    stream,
    format: '{bar} {value}/{total}  {line}',
    barsize: BAR_COLUMNS,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    clearOnComplete: true,
    gracefulExit: false,
  });
  bar.start(total, 0, { line: '' });
  return {
    step: (line, by = 1) =>
      bar.increment(by, { line: cut(harmless(line), Math.max(0, columns - FIXED_COLUMNS)) }),
    stop: () => bar.stop(),
  };
}
