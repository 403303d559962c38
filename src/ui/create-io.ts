import { VaultError } from '../domain/errors.js';
import type { Host } from '../system/contract.js';
import { askYesNo, readLines } from './ask.js';
import type { Io, Progress, Theme } from './io.js';
import { barProgress, noProgress, plainProgress } from './progress.js';
import { harmless, harmlessJson } from './safe-text.js';
import { renderTable } from './table.js';
import { colourTheme, plainTheme, wantsColour } from './theme.js';

const COLUMNS_IN_A_PIPE = 80;

export interface IoOptions extends Pick<Host, 'stdin' | 'stdout' | 'stderr' | 'env'> {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly now: () => number;
  /** Ends a question that nobody answers; left out, only an answer does. */
  readonly interruption?: AbortSignal;
}

/**
 * The one way to print, over the three streams. Making it loads nothing; colour and the progress bar are loaded
 * when something is first coloured or counted on a terminal.
 */
export function createIo(options: IoOptions): Io {
  const { stdout, stderr, env, json, quiet, verbose, now } = options;
  const theme = themeOnDemand(wantsColour(stdout, env));
  const talkTheme = themeOnDemand(wantsColour(stderr, env));
  const interruption = options.interruption ?? new AbortController().signal;
  const failure = watch(stdout, stderr);
  const columns = stdout.isTTY === true ? (stdout.columns ?? COLUMNS_IN_A_PIPE) : COLUMNS_IN_A_PIPE;
  // Opening stdin takes Node a millisecond, and most commands never look at it: so neither does this.
  const interactive = (): boolean => stderr.isTTY === true && options.stdin.isTTY === true;

  const talk = (line: string, style: keyof Theme | undefined): void => {
    const text = harmless(line);
    stderr.write(`${style === undefined ? text : talkTheme()[style](text)}\n`);
  };
  const say: Io['say'] = (line, style) => {
    if (!quiet) talk(line, style);
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
    document: (value) => void stdout.write(`${harmlessJson(JSON.stringify(value))}\n`),
    say,
    warn: talk,
    detail: (line) => {
      if (verbose) talk(line, 'dim');
    },
    table: (head, rows) => void stdout.write(renderTable(head, rows, columns, theme())),
    progress: (total): Progress => {
      if (quiet || json) return noProgress;
      if (stderr.isTTY !== true) return plainProgress((line) => say(line));
      return barProgress(stderr, total, stderr.columns ?? COLUMNS_IN_A_PIPE);
    },
    confirm: async (question) =>
      interactive() ? askYesNo(harmless(question), options.stdin, stderr, interruption) : false,
    lines: (signal) => readLines(options.stdin, signal),
    finish: () => drained(stdout, failure),
    exitCode: 0,
  };
}

function themeOnDemand(coloured: boolean): () => Theme {
  if (!coloured) return () => plainTheme;
  let loaded: Theme | undefined;
  return () => {
    loaded ??= colourTheme();
    return loaded;
  };
}

/**
 * A reader that went away (EPIPE) is no failure of ours, and a broken stderr leaves nobody to tell. Anything else
 * on stdout means that data was lost.
 *
 * @returns the first such failure, once there is one
 */
function watch(stdout: Host['stdout'], stderr: Host['stderr']): () => unknown {
  let lost: unknown;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') lost ??= error;
  });
  stderr.on('error', () => undefined);
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
