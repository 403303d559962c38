import type { Column, Theme } from './io.js';
import { harmless } from './safe-text.js';
import { cut, displayWidth } from './width.js';

const GAP = '  ';
/** Below these a column says nothing any more. */
const LEAST_SHRINKING = 10;
const LEAST_ANY = 4;

/**
 * Lays rows out in columns, no wider than `width`. Written by hand because the table library at hand takes
 * seconds for ten thousand rows.
 *
 * @param width in terminal columns
 * @returns lines, each ended by a newline; the header alone when there are no rows
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  theme: Theme,
): string {
  const cells = rows.map((row) => columns.map((_, index) => harmless(row[index] ?? '')));
  const widths = shrink(columns, naturalWidths(columns, cells), width);
  const header = line(columns, widths, titles(columns), (text) => theme.bold(text));
  const body = cells.map((row) =>
    line(columns, widths, row, (text, column) => column.paint?.(text, theme) ?? text),
  );
  return [header, ...body, ''].join('\n');
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

/** Takes what is too much from the widest shrinking column first, column by column, then from the others. */
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
  paint: (text: string, column: Column) => string,
): string {
  const last = columns.length - 1;
  const painted = columns.map((column, index) => {
    const width = widths[index] ?? 0;
    const text = cut(row[index] ?? '', width);
    const padding = ' '.repeat(width - displayWidth(text));
    if (column.align === 'right') return padding + paint(text, column);
    return index === last ? paint(text, column) : paint(text, column) + padding;
  });
  return painted.join(GAP).trimEnd();
}
