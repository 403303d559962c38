import { createRequire } from 'node:module';
import { harmless } from '../domain/safe-text.js';
import type { LiveLine, Progress } from './io.js';
import { cut } from './layout.js';

const BAR_COLUMNS = 20;
/** Bar, counter and gaps; the last step fills what is left of the line. */
const FIXED_COLUMNS = BAR_COLUMNS + 16;

export const noProgress: Progress = { step: () => undefined, stop: () => undefined };

/** One plain line for each step, for files and pipes. */
export function plainProgress(print: (line: string) => void): Progress {
  return { step: (line) => print(line), stop: () => undefined };
}

/** A bar on a terminal, erased when it stops. Loads cli-progress with `require`, because printing is synchronous. */
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

/** ECMA-48: carriage return, then erase to the end of the line. */
const WIPE = '\r\x1b[K';

export const noLiveLine: LiveLine = { show: () => undefined, stop: () => undefined };

/** A line of a terminal that each call overwrites, and that `stop` erases. */
export function liveLine(stream: NodeJS.WritableStream, columns: number): LiveLine {
  let shown = false;
  return {
    show(text) {
      shown = true;
      stream.write(`${WIPE}${cut(harmless(text), columns - 1)}`);
    },
    stop() {
      if (shown) stream.write(WIPE);
      shown = false;
    },
  };
}
