import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { linesOf, readLines } from '../../src/ui/lines.js';

const signal = new AbortController().signal;
const all = async (lines: AsyncIterable<string>) => {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
};

/** Reads these texts one after another, then the end. */
function reading(...texts: readonly string[]) {
  const left = texts.map((text) => Buffer.from(text));
  return async () => () => left.shift() ?? Buffer.alloc(0);
}
const noStream = new PassThrough();

describe.each([
  [
    'a stream',
    (...texts: string[]) => readLines(PassThrough.from(texts.map((text) => Buffer.from(text))), signal),
  ],
  ['a descriptor', (...texts: string[]) => linesOf({ stdin: noStream }, reading(...texts), signal)],
])('the lines of %s', (_, lines) => {
  it('are whole, however they are cut on their way', async () => {
    expect(await all(lines('a=1\nb', '=2\r', '\n\n', 'c'))).toEqual(['a=1', 'b=2', '', 'c']);
  });

  it('keep a character that arrives in two parts', async () => {
    const bytes = Buffer.from('é\n').toString('latin1');
    const parts = [...bytes].map((byte) => Buffer.from(byte, 'latin1'));
    const read = async () => () => parts.shift() ?? Buffer.alloc(0);
    expect(await all(linesOf({ stdin: noStream }, read, signal))).toEqual(['é']);
  });

  it('end with an error where a line has no end', async () => {
    const part = 'x'.repeat(600_000);
    await expect(all(lines(part, part))).rejects.toMatchObject({ code: 'usage' });
  });
});

it('a descriptor that cannot be read directly is read as a stream', async () => {
  const stdin = PassThrough.from([Buffer.from('a\nb\n')]);
  expect(await all(linesOf({ stdin }, async () => () => null, signal))).toEqual(['a', 'b']);
});

it('a stream is left to others after the first line', async () => {
  const stdin = new PassThrough();
  stdin.write('a\n');
  for await (const line of readLines(stdin, signal)) {
    expect(line).toBe('a');
    break;
  }
  expect([stdin.isPaused(), stdin.destroyed, stdin.listenerCount('data')]).toEqual([true, false, 0]);
});
