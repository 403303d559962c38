import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import { harmless } from '../domain/safe-text.js';
import type { Io } from './io.js';
import { cut } from './layout.js';

const BAR_COLUMNS = 20;
/** Bar, counter and gaps; the last step fills what is left of the line. */
const FIXED_COLUMNS = BAR_COLUMNS + 16;

export interface Progress {
  /**
   * One more of `total` is done; `line` says which and how, and is printed plainly where there is no terminal.
   *
   * @param by how many were done together
   */
  step(line: string, total: number, by?: number): void;
  /** What goes on meanwhile: in the line of the bar until the next step, or as a line of its own. */
  note(line: string): void;
  stop(): void;
}

/**
 * A bar on a terminal, from its first step until it stops; elsewhere one plain line for each step; nothing with `--quiet` or
 * `--json`.
 */
export function progressOn(io: Io): Progress {
  let bar: SingleBar | null = null;
  return {
    step(line, total, by = 1) {
      if (io.quiet || io.json) return;
      if (io.screen === null) return io.say(line);
      const { stream, columns } = io.screen;
      bar ??= startedBar(stream, total);
      bar.increment(by, { line: cut(harmless(line), Math.max(0, columns - FIXED_COLUMNS)) });
    },
    note(line) {
      if (io.quiet || io.json) return;
      if (io.screen === null || bar === null) return io.say(line);
      bar.update({ line: cut(harmless(line), Math.max(0, io.screen.columns - FIXED_COLUMNS)) });
    },
    stop: () => bar?.stop(),
  };
}

/** Loads cli-progress with `require`, because printing is synchronous. */
function startedBar(stream: NodeJS.WritableStream, total: number): SingleBar {
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
  return bar;
}

/** ECMA-48: carriage return, then erase to the end of the line. */
const WIPE = '\r\x1b[K';

/** One line on a terminal that each call overwrites and that is erased at the end. */
export interface LiveLine {
  show(text: string): void;
  stop(): void;
}

/** A line for the current state; it prints nothing where stderr is no terminal, and with `--quiet` or `--json`. */
export function liveLine(io: Io): LiveLine {
  if (io.quiet || io.json || io.screen === null) return { show: () => undefined, stop: () => undefined };
  const { stream, columns } = io.screen;
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
