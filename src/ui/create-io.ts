import { lazily } from '../domain/async.js';
import { VaultError } from '../domain/errors.js';
import { harmlessJson } from '../domain/safe-text.js';
import type { Host } from '../system/contract.js';
import type { Io, Theme } from './io.js';
import { message } from './layout.js';
import type { ReadDirectly } from './lines.js';
import { showsUnicode, themeFor } from './theme.js';

const COLUMNS_IN_A_PIPE = 80;

export interface IoOptions {
  /** Its interruption ends a question that is not answered. */
  readonly host: Pick<Host, 'stdin' | 'stdout' | 'stderr' | 'env' | 'interruption'>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly now: () => number;
  /**
   * Writes to stdout directly, without opening its stream.
   *
   * @returns the bytes that were not written
   */
  readonly writeDirectly?: (text: string) => Uint8Array;
  /** Loads what reads stdin directly. */
  readonly reader?: () => Promise<ReadDirectly>;
}

/**
 * Prints and asks, over the three streams. Creating it loads and opens nothing: colours and streams are loaded when they are
 * first used.
 */
export function createIo(options: IoOptions): Io {
  const { host, json, quiet, verbose, now } = options;
  const { env, interruption } = host;
  let lost: unknown;
  // A reader that went away (EPIPE) is no failure of ours. Anything else on stdout means that data was lost.
  const stdout = openedOnDemand(
    () => host.stdout,
    (failure) => {
      if (failure.code !== 'EPIPE') lost ??= failure;
    },
  );
  // Errors of stderr are ignored, because they could be reported only there.
  const stderr = openedOnDemand(
    () => host.stderr,
    () => undefined,
  );
  const theme = themeOnDemand(() => themeFor(stdout(), env));
  const talkTheme = themeOnDemand(() => themeFor(stderr(), env));
  let gaveDocument = false;
  const interactive = (): boolean => stderr().isTTY === true && host.stdin.isTTY === true;

  const print = (text: string): void => {
    const left = stdout.opened ? text : (options.writeDirectly?.(text) ?? text);
    if (left.length > 0) stdout().write(left);
  };
  const talkWidth = (): number => (stderr().isTTY === true && stderr().columns) || Infinity;
  let hushed = false;
  const talk = (line: string, style: keyof Theme | undefined): void => {
    if (!hushed) stderr().write(message(line, style, talkWidth(), talkTheme()));
  };
  const say: Io['say'] = (line, style) => {
    if (!quiet) talk(line, style);
  };
  const documents = (values: readonly unknown[]): void => {
    gaveDocument = true;
    print(values.map((value) => `${harmlessJson(JSON.stringify(value))}\n`).join(''));
  };

  return {
    json,
    quiet,
    verbose,
    get interactive() {
      return interactive();
    },
    get columns() {
      return stdout().isTTY === true ? widthOf(stdout()) : COLUMNS_IN_A_PIPE;
    },
    get tableWidth() {
      return stdout().isTTY === true ? widthOf(stdout()) : Infinity;
    },
    now,
    get unicode() {
      return showsUnicode(env);
    },
    get theme() {
      return theme();
    },
    get talkTheme() {
      return talkTheme();
    },
    get talkWidth() {
      return talkWidth();
    },
    data: print,
    document: (value) => documents([value]),
    documents,
    async documentInPieces(pieces) {
      for await (const piece of pieces) {
        gaveDocument = true;
        print(harmlessJson(piece));
        if (stdout.opened) await drained(stdout());
      }
      print('\n');
    },
    get gaveDocument() {
      return gaveDocument;
    },
    say,
    warn: talk,
    hush: () => {
      hushed = true;
    },
    detail: (line) => {
      if (verbose) talk(line, 'dim');
    },
    get screen() {
      if (stderr().isTTY !== true || env['TERM'] === 'dumb') return null;
      return { stream: stderr(), columns: widthOf(stderr()) };
    },
    get canvas() {
      if (stderr().isTTY !== true || !showsUnicode(env)) return null;
      return widthOf(stderr());
    },
    ...lazily(
      async () => (await import('./ask.js')).questions(() => host.stdin, stderr, interruption, interactive),
      ['confirm', 'ask', 'askHidden'],
    ),
    async *lines(signal, waits) {
      yield* (await import('./lines.js')).linesOf(host, waits ? options.reader : null, signal);
    },
    async finish() {
      if (stdout.opened) await drained(stdout());
      if (lost === undefined) return;
      throw new VaultError('output_failed', 'the output could not be written', {
        hint: 'check where stdout goes: the disk may be full, or the file closed',
        cause: lost,
      });
    },
    exitCode: 0,
  };
}

/** A terminal that does not know its size reports 0. */
function widthOf({ columns }: Host['stderr']): number {
  return columns || COLUMNS_IN_A_PIPE;
}

function themeOnDemand(load: () => Theme): () => Theme {
  let loaded: Theme | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

/** Opening a stream takes Node milliseconds, and most runs print one text. */
function openedOnDemand<Stream extends Host['stdout']>(
  stream: () => Stream,
  failed: (failure: NodeJS.ErrnoException) => void,
) {
  let opened: Stream | undefined;
  const get = () => {
    opened ??= stream().on('error', failed);
    return opened;
  };
  return Object.defineProperty(get, 'opened', { get: () => opened !== undefined }) as typeof get & {
    readonly opened: boolean;
  };
}

async function drained(stdout: Host['stdout']): Promise<void> {
  if (stdout.destroyed || stdout.writableEnded) return;
  await new Promise<void>((resolve) => stdout.write('', () => resolve()));
}
