import type { Secret } from '../domain/secret.js';

/** Foreground styles; each returns its text unchanged where colour is off. */
export interface Theme {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
  /** Makes URLs in the text clickable, where the terminal can. */
  link(text: string): string;
  /** The same on every terminal, whatever its own colours are; for QR codes. */
  lightOnDark(text: string): string;
}

export interface Column {
  readonly title: string;
  /** Narrowed first when the table is too wide. */
  readonly shrink?: boolean;
  /** The first column: a cell that would be cut is alone on its line, and the others are below it. */
  readonly whole?: boolean;
  /** Colours a cell after it was made harmless and cut to its width. */
  readonly paint?: (cell: string, theme: Theme) => string;
}

/**
 * All that is printed goes through here: data to stdout, messages to stderr, in colour only where the stream is a terminal
 * and `NO_COLOR` is not set.
 */
export interface Io {
  /** `--json`: one document on stdout and nothing else there. */
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** The user can be asked: stdin and stderr are terminals. */
  readonly interactive: boolean;
  /** Width of what goes to stdout, in terminal columns; 80 in a pipe. */
  readonly columns: number;
  readonly now: () => number;
  /** Whether the locale has characters beyond ASCII. */
  readonly unicode: boolean;
  /** Styles for what goes to stdout. */
  readonly theme: Theme;
  /** Styles for what goes to stderr. */
  readonly talkTheme: Theme;
  /** Columns of what goes to stderr; Infinity where it is no terminal or does not know its size. */
  readonly talkWidth: number;
  /** To stdout exactly as it is. */
  data(text: string): void;
  /** To stdout as one JSON document on one line, with nothing in it that a terminal would act on. */
  document(value: unknown): void;
  /** Several documents, one a line. */
  documents(values: readonly unknown[]): void;
  /** One document whose text comes in pieces. Waits until stdout has taken each. */
  documentInPieces(pieces: AsyncIterable<string>): Promise<void>;
  /** Whether the one document was printed; a later failure goes to stderr. */
  readonly gaveDocument: boolean;
  /** One line to stderr; not with `--quiet`. Control characters in it are made harmless; `style` colours all of it. */
  say(line: string, style?: keyof Theme): void;
  /** One line to stderr, with `--quiet` as well. */
  warn(line: string, style?: keyof Theme): void;
  /** Prints nothing to stderr from now on, for a program that reads it as a part of the answer. */
  hush(): void;
  /** One line to stderr with `--verbose` only. */
  detail(line: string): void;
  /** How wide a table may be: what another program reads is never cut. */
  readonly tableWidth: number;
  /** stderr, where it is a terminal on which a line can be written over. */
  readonly screen: { readonly stream: NodeJS.WritableStream; readonly columns: number } | null;
  /** How wide a picture of block characters may be on stderr; null where that is no terminal that shows them. */
  readonly canvas: number | null;
  /**
   * Asks on the terminal until the answer is yes or no; false without a terminal.
   *
   * @param usual what an empty line means; no when left out
   * @throws VaultError `interrupted`, also where the input ends; `terminated`
   */
  confirm(question: string, usual?: 'yes' | 'no'): Promise<boolean>;
  /** Asks on the terminal for a line, and trims it. @throws VaultError `interrupted`, also where the input ends; `terminated` */
  ask(question: string): Promise<string>;
  /** Asks for a secret, without echo; the answer is not trimmed. */
  askHidden(question: string): Promise<Secret>;
  /** Lines from stdin until the signal is aborted. @param waits whether nothing else has to happen meanwhile */
  lines(signal: AbortSignal, waits?: boolean): AsyncIterable<string>;
  /**
   * Waits until stdout has taken everything. A reader that went away is no failure.
   *
   * @throws VaultError `output_failed` when what was printed could not be written
   */
  finish(): Promise<void>;
  /** The exit code to end with when nothing is thrown; 0 until set. */
  exitCode: number;
}
