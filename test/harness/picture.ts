import { escapeHtml } from '../../src/domain/card.js';

/** One run of text in one style. */
interface Span {
  readonly text: string;
  readonly style: string;
}

const COLOURS: Readonly<Record<number, string>> = {
  31: 'red',
  32: 'green',
  33: 'yellow',
  34: 'blue',
  35: 'magenta',
  36: 'cyan',
  90: 'dim',
};

const COLUMNS = 80;
const LINE = 20;
const COLUMN = 8.43;

const STYLE = [
  'text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#24292f;white-space:pre}',
  '.back{fill:#fff;stroke:#d0d7de}.bold{font-weight:700}.dim{fill:#6e7781}.red{fill:#cf222e}.green{fill:#1a7f37}',
  '.yellow{fill:#9a6700}.blue{fill:#0969da}.magenta{fill:#8250df}.cyan{fill:#1b7c83}',
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117;stroke:#30363d}.dim{fill:#8b949e}',
  '.red{fill:#ff7b72}.green{fill:#3fb950}.yellow{fill:#d29922}.blue{fill:#58a6ff}.magenta{fill:#bc8cff}.cyan{fill:#39c5cf}}',
].join('');

/** Draws what a terminal of 80 columns shows as an SVG, in the colours of a light and a dark page. */
export function drawTerminal(shown: string): string {
  const lines = shown.split('\n').map(spansOf);
  const width = Math.ceil(COLUMNS * COLUMN) + 32;
  const height = lines.length * LINE + 32;
  const rows = lines.map((spans, row) => {
    const parts = spans.map(({ text, style }) => {
      const inside = escapeHtml(text);
      return style === '' ? inside : `<tspan class="${style}">${inside}</tspan>`;
    });
    return `<text x="16" y="${(row + 1) * LINE + 11}" xml:space="preserve">${parts.join('')}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>A terminal with vault</title><style>${STYLE}</style>`,
    `<rect class="back" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

/** The lines of text in a drawing, to be compared with another run. */
export function textOf(drawing: string): string[] {
  return [...drawing.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, line = '']) =>
    line.replace(/<[^>]+>/g, '').replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  );
}

/** What is left of a line on the screen: after the last return to its beginning, without what moves the cursor. */
export function screenLines(output: string): string[] {
  return output
    .split(/\r?\n/)
    .map((line) => line.split('\r').findLast((part) => part !== '') ?? '')
    .map((line) => line.replace(/\x1b\[[0-9;?]*[A-HJKhl]/g, ''));
}

function spansOf(line: string): Span[] {
  const spans: Span[] = [];
  let styles = new Set<string>();
  for (const [index, part] of line.split(/\x1b\[([0-9;]*)m/).entries()) {
    if (index % 2 === 0) {
      if (part !== '') spans.push({ text: part, style: [...styles].join(' ') });
      continue;
    }
    for (const code of part.split(';').map(Number)) styles = styledBy(styles, code);
  }
  return spans;
}

function styledBy(styles: ReadonlySet<string>, code: number): Set<string> {
  const without = (...names: readonly string[]) =>
    new Set([...styles].filter((name) => !names.includes(name)));
  if (code === 0) return new Set();
  if (code === 1) return new Set([...styles, 'bold']);
  if (code === 2) return new Set([...styles, 'dim']);
  if (code === 22) return without('bold', 'dim');
  const colours = Object.values(COLOURS).filter((name) => name !== 'dim');
  if (code === 39) return without(...colours);
  const colour = COLOURS[code];
  return colour === undefined ? new Set(styles) : new Set([...without(...colours), colour]);
}
