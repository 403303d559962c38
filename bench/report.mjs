/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} value as it was measured
 * @property {string} [target] in words; nothing where it is only for comparison
 * @property {boolean} [met]
 */

/**
 * @param {readonly Row[]} rows
 * @returns {string} a table, then one sentence for each target that was missed
 */
export function report(rows) {
  const heads = { what: 'measured', value: 'value', target: 'target' };
  const lines = [heads, ...rows].map((row) => [row.what, row.value, row.target ?? '', verdict(row)]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column].length)));
  const padded = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const missed = rows.filter((row) => row.met === false);
  const sentences = missed.map((row) => `Missed: ${row.what} is ${row.value}; the target is ${row.target}.`);
  return [...padded, '', ...(missed.length === 0 ? ['Every target is met.'] : sentences), ''].join('\n');
}

function verdict({ met }) {
  return met === undefined ? '' : met ? 'met' : 'MISSED';
}
