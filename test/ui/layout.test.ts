import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Theme } from '../../src/ui/io.js';
import { cut, displayWidth, renderBlock, renderTable, wrap } from '../../src/ui/layout.js';
import { plainTheme } from '../../src/ui/theme.js';

const COLUMNS = [{ title: 'NAME', shrink: true }, { title: 'STATE' }, { title: 'SIZE' }];

function lines(rows: readonly (readonly string[])[], width = 80): string[] {
  return renderTable(COLUMNS, rows, width, plainTheme).split('\n');
}

describe('a table', () => {
  it('aligns its columns, without blanks at the end of a line', () => {
    expect(
      lines([
        ['a', 'active', '5'],
        ['longer', 'ok', '120'],
      ]),
    ).toEqual(['NAME    STATE   SIZE', 'a       active  5', 'longer  ok      120', '']);
  });

  it('aligns wide characters by the columns they take', () => {
    expect(
      lines([
        ['山田', 'ok', '1'],
        ['e\u0301', 'ok', '1'],
      ]).slice(1),
    ).toEqual(['山田  ok     1', 'e\u0301     ok     1', '']);
  });

  it('shows only the header if it is empty', () => {
    expect(lines([])).toEqual(['NAME  STATE  SIZE', '']);
  });

  it('cuts the shrinking column if it is too wide, with an ellipsis', () => {
    const [header = '', row] = lines([['a-name-that-goes-on-and-on-and-on', 'active', '5']], 30);
    expect(row).toBe('a-name-that-goe…  active  5');
    expect(displayWidth(header)).toBe(30);
  });

  it('cuts and escapes text before it is coloured', () => {
    const shouting: Theme = { ...plainTheme, red: (text) => `<${text}>` };
    const columns = [{ title: 'A', paint: (cell: string, theme: Theme) => theme.red(cell) }];
    expect(renderTable(columns, [['\u001b[2Jabcdef']], 8, shouting)).toBe('A\n<\\x1b[2J…>\n');
  });

  it('is never wider than the limit', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
        fc.integer({ min: 30, max: 120 }),
        (rows, width) => {
          for (const line of lines(rows, width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it('does not cut a cell that has to stay whole: the rest of its row is below it', () => {
    const columns = [{ title: 'NAME', whole: true }, { title: 'STATE' }];
    const rows = [
      ['a-name-that-goes-on', 'ok'],
      ['b', 'ok'],
    ];
    const shown = ['NAME         STATE', 'a-name-that-goes-on', '             ok', 'b            ok', ''];
    expect(renderTable(columns, rows, 18, plainTheme).split('\n')).toEqual(shown);
  });

  it('has a line for each of ten thousand rows', () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => [
      `google/user-${index}@example.com`,
      'active',
      '1',
    ]);
    expect(lines(rows)).toHaveLength(10_002);
  });
});

it('links a URL in a cell that is not cut, and one in a block', () => {
  const linking: Theme = { ...plainTheme, link: (text) => text.replace(/https:\S+/, '<$&>') };
  const rows = [['https://a.example'], ['https://a.example/b/c']];
  expect(renderTable([{ title: 'URL' }], rows, 17, linking)).toBe(
    'URL\n<https://a.example>\nhttps://a.exampl…\n',
  );
  expect(renderBlock([['at', 'https://a.example']], 80, linking)).toBe('at  <https://a.example>\n');
});

it('puts a long URL of a block below its label, where it fits, and not a longer one', () => {
  const block = (url: string) => renderBlock([['source', [url, 'read 2026-11']]], 30, plainTheme);
  expect(block('https://docs.example.com/a')).toBe(
    'source\n    https://docs.example.com/a\n        read 2026-11\n',
  );
  expect(block('https://docs.example.com/a/b')).toBe(
    'source  https://docs.example.com/a/b\n        read 2026-11\n',
  );
});

describe('text on a terminal', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['山田太郎', 5, '山田…'],
    ['abc', 0, ''],
  ])('%s cut to %i columns is "%s"', (text, width, result) => {
    expect(cut(text, width)).toBe(result);
  });

  it('breaks between words, and keeps a long address whole', () => {
    expect(wrap('see https://example.com/a/long/address for more', 12)).toEqual([
      'see',
      'https://example.com/a/long/address',
      'for more',
    ]);
  });
});
