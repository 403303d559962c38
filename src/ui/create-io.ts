import { VaultError } from '../domain/errors.js';
import { harmless, harmlessJson } from '../domain/safe-text.js';
import type { Host } from '../system/contract.js';
import { askYesNo, readLines } from './ask.js';
import type { Io, LiveLine, Progress, Theme } from './io.js';
import { renderTable } from './layout.js';
import { barProgress, liveLine, noLiveLine, noProgress, plainProgress } from './progress.js';
import { colourTheme, plainTheme, showsUnicode, wantsColour } from './theme.js';

const COLUMNS_IN_A_PIPE = 80;

export interface IoOptions {
  /** Its interruption ends a question that nobody answers. */
  readonly host: Pick<Host, 'stdin' | 'stdout' | 'stderr' | 'env' | 'interruption'>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly now: () => number;
}

/**
 * The one way to print, over the three streams. Making it loads nothing and opens stdout only; colour, the progress
 * bar and the other streams come when something is first coloured, counted, said or asked.
 */
export function createIo(options: IoOptions): Io {
  const { host, json, quiet, verbose, now } = options;
  const { stdout, env, interruption } = host;
  const stderr = openedOnDemand(() => host.stderr);
  const theme = themeOnDemand(() => wantsColour(stdout, env));
  const talkTheme = themeOnDemand(() => wantsColour(stderr(), env));
  const failure = watch(stdout);
  let gaveDocument = false;
  const columns = stdout.isTTY === true ? (stdout.columns ?? COLUMNS_IN_A_PIPE) : COLUMNS_IN_A_PIPE;
  const interactive = (): boolean => stderr().isTTY === true && host.stdin.isTTY === true;
  /** Whether what was written can be written over. */
  const redraws = (): boolean => stderr().isTTY === true && env['TERM'] !== 'dumb';

  const talk = (line: string, style: keyof Theme | undefined): void => {
    const text = harmless(line);
    stderr().write(`${style === undefined ? text : talkTheme()[style](text)}\n`);
  };
  const say: Io['say'] = (line, style) => {
    if (!quiet) talk(line, style);
  };
  const documents = (values: readonly unknown[]): void => {
    gaveDocument = true;
    stdout.write(values.map((value) => `${harmlessJson(JSON.stringify(value))}\n`).join(''));
  };

  return {
    json,
    quiet,
    verbose,
    get interactive() {
      return interactive();
    },
    columns,
    now,
    get theme() {
      return theme();
    },
    get talkTheme() {
      return talkTheme();
    },
    data: (text) => void stdout.write(text),
    document: (value) => documents([value]),
    documents,
    get gaveDocument() {
      return gaveDocument;
    },
    say,
    warn: talk,
    detail: (line) => {
      if (verbose) talk(line, 'dim');
    },
    // What another program reads is never cut.
    table: (head, rows) =>
      void stdout.write(renderTable(head, rows, stdout.isTTY === true ? columns : Infinity, theme())),
    progress: (total): Progress => {
      if (quiet || json) return noProgress;
      if (!redraws()) return plainProgress((line) => say(line));
      return barProgress(stderr(), total, stderr().columns ?? COLUMNS_IN_A_PIPE);
    },
    live: (): LiveLine => {
      if (quiet || json || !redraws()) return noLiveLine;
      return liveLine(stderr(), widthOf(stderr()));
    },
    get canvas() {
      if (stderr().isTTY !== true || !showsUnicode(env)) return null;
      return widthOf(stderr());
    },
    confirm: async (question) =>
      interactive() ? askYesNo(harmless(question), host.stdin, stderr(), interruption) : false,
    lines: (signal) => readLines(host.stdin, signal),
    finish: () => drained(stdout, failure),
    exitCode: 0,
  };
}

/** A terminal that was never told its size says 0. */
function widthOf({ columns }: Host['stderr']): number {
  return columns || COLUMNS_IN_A_PIPE;
}

function themeOnDemand(coloured: () => boolean): () => Theme {
  let loaded: Theme | undefined;
  return () => {
    loaded ??= coloured() ? colourTheme() : plainTheme;
    return loaded;
  };
}

/** Opening a stream takes Node a millisecond, and most runs say nothing on stderr. A broken one leaves nobody to tell. */
function openedOnDemand(stream: () => Host['stderr']): () => Host['stderr'] {
  let opened: Host['stderr'] | undefined;
  return () => {
    opened ??= stream().on('error', () => undefined);
    return opened;
  };
}

/**
 * A reader that went away (EPIPE) is no failure of ours. Anything else on stdout means that data was lost.
 *
 * @returns the first such failure, once there is one
 */
function watch(stdout: Host['stdout']): () => unknown {
  let lost: unknown;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error;
  });
  return () => lost;
}

async function drained(stdout: Host['stdout'], failure: () => unknown): Promise<void> {
  if (!stdout.destroyed && !stdout.writableEnded) {
    await new Promise<void>((resolve) => stdout.write('', () => resolve()));
  }
  const cause = failure();
  if (cause === undefined) return;
  throw new VaultError('unexpected', 'the output could not be written', {
    hint: 'look at where stdout goes: a full disk, a closed file',
    cause,
  });
}
