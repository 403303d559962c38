import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameValue, frame } from '../../src/crypto/framing.js';

/** Reads a frame back. That it can be read in one way only is what keeps two lists from having the same bytes. */
function unframe(bytes: Buffer): FrameValue[] {
  const values: FrameValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = bytes.readUInt8(at);
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    const body = bytes.subarray(at + 5, end);
    if (type === 0) values.push(null);
    else if (type === 1) values.push(body.toString('utf8'));
    else if (type === 2) values.push(Number(body.readBigInt64BE()));
    else values.push(new Uint8Array(body));
    at = end;
  }
  return values;
}

const value: fc.Arbitrary<FrameValue> = fc.oneof(
  fc.constant(null),
  fc.string({ unit: 'binary' }),
  // Negative zero is zero.
  fc.maxSafeInteger().map((number) => number + 0),
  fc.uint8Array({ maxLength: 40 }),
);

describe('frame', () => {
  it('is unambiguous: no two lists have the same bytes', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (list) => {
        expect(unframe(frame(list))).toEqual(list);
      }),
      { seed: 20_260_301, numRuns: 2_000 },
    );
  });

  it.each<[FrameValue[], FrameValue[]]>([
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['a b'], ['a', 'b']],
    [[''], []],
    [[''], [null]],
    [[null], []],
    [[null, null], [null]],
    [['1'], [1]],
    [[0], [null]],
    [[0], ['']],
    [[-1], [1]],
    [['a'], [Buffer.from('a')]],
    [[Buffer.alloc(8)], [0]],
    [['é'], ['e\u0301']],
    [
      ['a', ''],
      ['', 'a'],
    ],
  ])('distinguishes %j from %j', (one, other) => {
    expect(frame(one).equals(frame(other))).toBe(false);
  });

  it('keeps its layout: type, length, value', () => {
    expect(frame([null, 'é', -2, Buffer.from([0xff])]).toString('hex')).toBe(
      ['00 00000000', '01 00000002 c3a9', '02 00000008 fffffffffffffffe', '03 00000001 ff']
        .join('')
        .replaceAll(' ', ''),
    );
    expect(frame([]).length).toBe(0);
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses the number %d', (number) => {
    expect(() => frame([number])).toThrow(RangeError);
  });

  it('replaces a lone surrogate by U+FFFD, as the database does', () => {
    expect(frame(['a\ud800']).equals(frame(['a\ufffd']))).toBe(true);
  });
});
