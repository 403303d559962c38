import { StringDecoder } from 'node:string_decoder';
import { VaultError } from '../domain/errors.js';

/** In characters. Endless input must not fill the memory. */
const LONGEST = 1024 * 1024;

/** Reads some input and waits for it; nothing at the end; null where the input can be read as a stream only. */
export type ReadDirectly = () => Uint8Array | null;

/**
 * Lines as they arrive, until the input ends or the signal is aborted. The input is left paused, so that it does not keep the
 * program alive.
 *
 * @param keepsLast whether a last line counts that the end of the input ended, and not Enter
 * @throws VaultError `usage` for a line without end
 */
export async function* readLines(
  input: NodeJS.ReadableStream,
  signal: AbortSignal,
  keepsLast = true,
): AsyncGenerator<string> {
  if (signal.aborted) return;
  const splitter = lineSplitter();
  let isOver = false;
  let wake = () => {};
  const onData = (chunk: Uint8Array) => {
    splitter.take(chunk);
    wake();
  };
  const stop = () => {
    isOver = true;
    wake();
  };
  input.on('data', onData).once('end', stop).once('close', stop).once('error', stop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (!isOver) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      input.resume();
      await woken;
      // Input that is not read yet stays in the pipe. In the listener of `data` a pause would be undone: Node reads ahead after it.
      input.pause();
      yield* splitter.lines();
    }
    if (keepsLast && !signal.aborted) yield* splitter.rest();
  } finally {
    input.off('data', onData).off('end', stop).off('close', stop).off('error', stop);
    signal.removeEventListener('abort', stop);
    input.pause();
  }
}

/** The same. @param load what reads directly, where nothing else has to happen meanwhile */
export async function* linesOf(
  source: { readonly stdin: NodeJS.ReadableStream },
  load: (() => Promise<ReadDirectly>) | null | undefined,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const read = await load?.();
  const splitter = lineSplitter();
  while (!signal.aborted) {
    const bytes = read?.() ?? null;
    if (bytes === null) return yield* readLines(source.stdin, signal);
    if (bytes.length === 0) return yield* splitter.rest();
    splitter.take(bytes);
    yield* splitter.lines();
  }
}

function lineSplitter() {
  const decoder = new StringDecoder('utf8');
  let lines: string[] = [];
  let unfinished = '';
  return {
    take(bytes: Uint8Array | string): void {
      const text = typeof bytes === 'string' ? bytes : decoder.write(Buffer.from(bytes));
      const [first = '', ...more] = text.split('\n');
      unfinished += first;
      for (const part of more) {
        lines.push(withoutReturn(unfinished));
        unfinished = part;
      }
    },
    *lines() {
      while (lines.length > 0) {
        const ready = lines;
        lines = [];
        yield* ready;
      }
      if (unfinished.length > LONGEST) throw new VaultError('usage', 'a line on stdin is longer than 1 MiB');
    },
    /** What came after the last line. */
    *rest() {
      const last = unfinished + decoder.end();
      if (last !== '') yield withoutReturn(last);
    },
  };
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
