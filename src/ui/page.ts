import type { Theme } from './io.js';
import { displayWidth, wrap } from './layout.js';

/** A page of the help, or of the manual. */
export interface Page {
  /** The whole name: `vault`, `vault key rotate`. */
  readonly name: string;
  /** What it does, without a capital and a full stop. */
  readonly summary: string;
  /** The lines to type, in general. */
  readonly usage: readonly string[];
  /** Terms and what each of them is, under a title; lists without an entry are left out. */
  readonly lists: readonly {
    readonly title: string;
    readonly entries: readonly (readonly [term: string, says: string])[];
  }[];
  /** Lines as they can be typed. */
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  /** Where to read on; null where there is nothing more. */
  readonly more: string | null;
}

const INDENT = '  ';
const GAP = '  ';

/** @param width in terminal columns; a command to type is never broken */
export function renderPage(page: Page, width: number, theme: Theme): string {
  const terms = page.lists.flatMap(({ entries }) => entries.map(([term]) => displayWidth(term)));
  const left = Math.max(...terms);
  const lists = page.lists.map(({ title, entries }) => [
    title,
    entries.flatMap(([term, says]) => item(term, says, left, width)),
  ]);
  const sections = [
    ['Usage', page.usage.map((line) => INDENT + line)],
    ...lists,
    [
      'Examples',
      page.examples.flatMap(({ line, says }) => [INDENT + line, theme.dim(`${INDENT.repeat(3)}${says}`)]),
    ],
  ] as [title: string, lines: string[]][];
  const texts = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [theme.bold(`${title}:`), ...lines].join('\n'));
  return `${[sentence(page.summary), ...texts, ...(page.more === null ? [] : [page.more])].join('\n\n')}\n`;
}

function item(term: string, says: string, left: number, width: number): string[] {
  const padding = INDENT.length + left + GAP.length;
  return wrap(says, width - padding).map((line, index) =>
    index === 0
      ? `${INDENT}${term}${' '.repeat(left - displayWidth(term))}${GAP}${line}`
      : ' '.repeat(padding) + line,
  );
}

export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
