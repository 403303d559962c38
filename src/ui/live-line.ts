import type { LiveLine } from './io.js';
import { harmless } from './safe-text.js';
import { cut } from './width.js';

/** ECMA-48: to the beginning of the line, then erase what stands there. */
const WIPE = '\r\x1b[K';

export const noLiveLine: LiveLine = { show: () => undefined, stop: () => undefined };

/** One line of a terminal that is written over and over, and gone when it stops. */
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
