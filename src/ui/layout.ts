import { programName } from '../domain/invocation.js';
import { harmless } from '../domain/safe-text.js';
import type { Column, Io, Theme } from './io.js';

const GAP = '  ';
/** Narrower columns are useless. */
const LEAST_SHRINKING = 10;
const LEAST_ANY = 4;
/** A cut cell of this width still says something. */
const READABLE = 16;

/** A table to stdout, no wider than the terminal and as wide as it needs to be in a pipe, cells made harmless. */
export function printTable(io: Io, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  io.data(renderTable(columns, rows, io.tableWidth, io.theme));
}

/**
 * A message for stderr, made harmless, wrapped below its own indentation.
 *
 * @param style undefined: only the command after `hint:` is coloured
 */
export function message(line: string, style: keyof Theme | undefined, width: number, theme: Theme): string {
  const text = harmless(line);
  const words = text.trimStart();
  const indent = text.slice(0, text.length - words.length);
  const painted = wrapMessage(words, width - indent.length).map((part) => {
    const whole = indent + part;
    return theme.link(style === undefined ? whole.replace(/^ *hint:/, theme.cyan) : theme[style](whole));
  });
  return `${painted.join('\n')}\n`;
}

/**
 * Renders rows in columns, at most `width` terminal columns wide. Written by hand because cli-table3 takes seconds for
 * ten thousand rows.
 *
 * @returns lines, each ended by a newline; only the header when there are no rows
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  theme: Theme,
): string {
  const cells = rows.map((row) => columns.map((_, index) => harmless(row[index] ?? '')));
  const widths = shrink(columns, naturalWidths(columns, cells), width);
  const header = line(columns, widths, titles(columns), theme, (text) => theme.bold(text));
  const body = cells.map((row) =>
    line(columns, widths, row, theme, (text, column) => column.paint?.(text, theme) ?? text),
  );
  return [header, ...body, ''].join('\n');
}

/** The same where nothing may be cut to a few letters: rows that do not fit side by side are blocks, one below the other. */
export function printTableOrBlocks(
  io: Io,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): void {
  if (fits(columns, rows, io.tableWidth)) {
    printTable(io, columns, rows);
    return;
  }
  const blocks = rows.map((row) =>
    columns.map(({ title }, index): Entry => [title, row[index] ?? '']).filter(([, value]) => value !== ''),
  );
  const labels = labelWidth(blocks.flat());
  io.data(blocks.map((entries) => renderBlock(entries, io.tableWidth, io.theme, labels)).join('\n'));
}

/** Whether the rows fit side by side, with only the columns cut that may shrink, and those not to a few letters. */
function fits(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): boolean {
  const cells = rows.map((row) => row.map(harmless));
  const least = naturalWidths(columns, cells).map((natural, index) =>
    columns[index]?.shrink === true ? Math.min(natural, READABLE) : natural,
  );
  return least.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) <= width;
}

function titles(columns: readonly Column[]): string[] {
  return columns.map((column) => column.title);
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  const widths = titles(columns).map(displayWidth);
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell));
    }
  }
  return widths;
}

/** Narrows the widest shrinking column one by one, then the other columns. */
function shrink(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) - width;
  const narrow = (eligible: (index: number) => boolean, least: number): void => {
    while (excess > 0) {
      const candidates = [...widths.keys()].filter(
        (index) => eligible(index) && (widths[index] ?? 0) > least,
      );
      const widest = candidates.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
      if (widest === undefined) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
      excess -= 1;
    }
  };
  narrow((index) => columns[index]?.shrink === true, LEAST_SHRINKING);
  narrow(() => true, LEAST_ANY);
  return widths;
}

function line(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly string[],
  theme: Theme,
  paint: (text: string, column: Column) => string,
): string {
  const [first, ...others] = row;
  if (first && columns[0]?.whole === true && displayWidth(first) > (widths[0] ?? 0))
    return `${first}\n${line(columns, widths, ['', ...others], theme, paint)}`;
  const last = columns.length - 1;
  const painted = columns.map((column, index) => {
    const width = widths[index] ?? 0;
    const cell = row[index] ?? '';
    const text = cut(cell, width);
    const padding = ' '.repeat(width - displayWidth(text));
    // What is left of a cut URL leads elsewhere.
    const shown = text === cell ? theme.link(paint(text, column)) : paint(text, column);
    return index === last ? shown : shown + padding;
  });
  return painted.join(GAP).trimEnd();
}

/** A label with one value or several. */
export type Entry = readonly [label: string, value: string | readonly string[]];

/**
 * Renders labelled facts: the labels in one column, long values wrapped beside them, harmful characters escaped. A word too long
 * to be beside its label, as a URL, begins further left on the next line, if the terminal need not break it there.
 *
 * @param width in terminal columns
 * @param labels the width of the column of labels
 */
export function renderBlock(
  entries: readonly Entry[],
  width: number,
  theme: Theme,
  labels = labelWidth(entries),
): string {
  const left = Math.max(20, width - labels - GAP.length);
  const fitsBelow = (text: string) => displayWidth(text) > left && displayWidth(text) + 4 <= width;
  const lines = entries.flatMap(([label, value]) => {
    const values = typeof value === 'string' ? [value] : value;
    const wrapped = values.flatMap((each) => wrap(harmless(each), left));
    if (wrapped[0] !== undefined && fitsBelow(wrapped[0])) wrapped.unshift('');
    return wrapped.map((text, index) => {
      const name = index === 0 ? label : '';
      if (fitsBelow(text)) return `    ${theme.link(text)}`;
      return `${theme.bold(name)}${' '.repeat(labels - displayWidth(name))}${GAP}${theme.link(text)}`.trimEnd();
    });
  });
  return `${lines.join('\n')}\n`;
}

function labelWidth(entries: readonly Entry[]): number {
  return Math.max(...entries.map(([label]) => displayWidth(label)));
}

const ASCII = /^[\x20-\x7e]*$/;
/** East Asian wide and fullwidth blocks (UAX #11) as whole ranges: good enough to align a table. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const INVISIBLE = /^\p{Mark}+$/u;
const ELLIPSIS = '…';

/** The width of the text in terminal columns. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  return graphemes(text).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

/** Cuts the text to at most `width` columns; a cut text ends in `…`. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  if (ASCII.test(text)) return text.slice(0, width - 1) + ELLIPSIS;
  let taken = '';
  let columns = 0;
  for (const grapheme of graphemes(text)) {
    columns += graphemeWidth(grapheme);
    if (columns > width - 1) break;
    taken += grapheme;
  }
  return taken + ELLIPSIS;
}

/**
 * Breaks the text between words into lines of at most `width` columns. A longer word stays whole on its own line, so
 * that a URL or a path can be copied.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

/**
 * The same for a message. Where it does not fit on a line, the command to type at its end is alone on the last one and is never
 * broken, so that it can be copied.
 */
export function wrapMessage(text: string, width: number): string[] {
  if (displayWidth(text) <= width) return [text];
  const end = beforeCommand(text);
  if (end < 0) return wrap(text, width);
  return [...wrap(text.slice(0, end + 1), width), `  ${text.slice(end + 2)}`];
}

/**
 * The same behind a mark or a title of this many columns. A command or a word that is too long for the rest of the line begins
 * further left, so that the terminal does not break it either.
 */
export function wrapHanging(text: string, indent: number, width: number): string[] {
  const [first = '', ...more] = wrapMessage(text, width - indent);
  return [
    first,
    ...more.map((line) =>
      indent + displayWidth(line) > width && (line.startsWith('  ') || !line.includes(' '))
        ? `    ${line.trimStart()}`
        : ' '.repeat(indent) + line,
    ),
  ];
}

/** Where the command begins that a message ends with: one of ours, or in `hint: … : ` and `to … : ` one of the system. */
function beforeCommand(text: string): number {
  const own = text.lastIndexOf(`: ${programName()} `);
  if (own >= 0) return own;
  if (/^to [a-z -]+: /.test(text)) return text.indexOf(': ');
  const last = text.lastIndexOf(': ');
  return text.startsWith('hint: ') && last > text.indexOf(': ') ? last : -1;
}

function graphemes(text: string): string[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
}

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
