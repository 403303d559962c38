import { PassThrough, Writable } from 'node:stream';
import { createIo, type IoOptions } from '../../src/ui/create-io.js';
import type { Io } from '../../src/ui/io.js';

/** The instant at which tests of what is printed take place. */
export const NOW = Date.UTC(2026, 2, 1, 12, 0, 0);

export interface TerminalOptions extends Partial<Omit<IoOptions, 'host'>> {
  readonly env?: IoOptions['host']['env'];
  readonly interruption?: AbortSignal;
  /** In place of the recording stdout. */
  readonly stdout?: IoOptions['host']['stdout'];
  /** All three streams are terminals; otherwise all are pipes. */
  readonly tty?: boolean;
  readonly columns?: number;
  /** What stdin holds; it ends after that. Left out, it stays open and empty. */
  readonly typed?: string;
}

/** The real Io over streams in memory. */
export function terminal(options: TerminalOptions = {}) {
  const { tty = false, columns = 100, typed, env = {}, interruption, stdout, ...rest } = options;
  const written: { stdout: string; stderr: string } = { stdout: '', stderr: '' };
  const stdin = Object.assign(new PassThrough(), { isTTY: tty });
  if (typed !== undefined) stdin.end(typed);
  const io: Io = createIo({
    host: {
      env,
      stdin,
      stdout: stdout ?? sink(written, 'stdout', tty, columns),
      stderr: sink(written, 'stderr', tty, columns),
      interruption: interruption ?? new AbortController().signal,
    },
    json: false,
    quiet: false,
    verbose: false,
    now: () => NOW,
    ...rest,
  });
  return { io, written, stdin };
}

function sink(
  written: { stdout: string; stderr: string },
  name: 'stdout' | 'stderr',
  isTTY: boolean,
  columns: number,
) {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written[name] += String(chunk);
      done();
    },
  });
  return Object.assign(stream, { isTTY, columns });
}
