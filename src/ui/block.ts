import type { Theme } from './io.js';
import { harmless } from './safe-text.js';
import { displayWidth, wrap } from './width.js';

/** A label and what belongs to it, one line or several. */
export type Entry = readonly [label: string, value: string | readonly string[]];

const GAP = '  ';

/**
 * Lays labelled facts out as a block: labels in one column, long values wrapped beside them, all made harmless.
 *
 * @param width in terminal columns
 */
export function renderBlock(entries: readonly Entry[], width: number, theme: Theme): string {
  const labels = Math.max(...entries.map(([label]) => displayWidth(label)));
  const room = Math.max(20, width - labels - GAP.length);
  const lines = entries.flatMap(([label, value]) => {
    const values = typeof value === 'string' ? [value] : value;
    const wrapped = values.flatMap((each) => wrap(harmless(each), room));
    return wrapped.map((text, index) => {
      const name = index === 0 ? label : '';
      return `${theme.bold(name)}${' '.repeat(labels - displayWidth(name))}${GAP}${text}`.trimEnd();
    });
  });
  return `${lines.join('\n')}\n`;
}
