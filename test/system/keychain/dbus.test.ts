import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  completeTypes,
  decodeMessage,
  encodeMessage,
  METHOD_CALL,
  marshal,
  unmarshal,
} from '../../../src/system/keychain/dbus-message.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** By hand, after the chapter "Marshaling" of the D-Bus specification. */
const EXAMPLES: readonly (readonly [signature: string, values: never[], bytes: string])[] = [
  ['s', ['foo'], '03000000 666f6f00'],
  ['ss', ['+', 'ä'], '01000000 2b00 0000 02000000 c3a400'],
  ['yu', [1, 0xfffffffe], '01 000000 feffffff'],
  ['b', [true], '01000000'],
  ['g', ['a{sv}'], '05 617b73767d 00'],
  ['ay', [Buffer.from([1, 2])], '02000000 0102'],
  ['ao', [[]], '00000000'],
  ['v', [{ type: 'u', value: 5 }], '01 7500 00 05000000'],
  // The length counts the entries and not the padding in front of the first.
  ['a{ss}', [[['k', 'v']]], '0e000000 00000000 01000000 6b00 0000 01000000 7600'],
  ['y(yu)', [1, [2, 3]], '01 00000000000000 02 000000 03000000'],
] as never;

describe('D-Bus values', () => {
  it.each(EXAMPLES)('of the type %s are marshalled as specified', (signature, values, bytes) => {
    expect(marshal(signature, values).toString('hex')).toBe(hex(bytes).toString('hex'));
    expect(unmarshal(signature, hex(bytes), true)).toEqual(values);
  });

  it('are read in the other byte order as well', () => {
    expect(unmarshal('us', hex('00000005 00000001 6100'), false)).toEqual([5, 'a']);
  });

  it('are read as they were written', () => {
    const text = fc.string({ unit: 'grapheme' });
    const pairs = fc.array(fc.tuple(text, text));
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.nat(), text, pairs, bytes, fc.boolean(), (number, string, dictionary, array, yes) => {
        const values = [number, string, dictionary, [array, { type: 'b', value: yes }], dictionary.length];
        const signature = 'usa{ss}(ayv)u';
        expect(unmarshal(signature, marshal(signature, values), true)).toEqual(values);
      }),
    );
  });

  it.each([
    ['a text longer than what is there', 's', 'ff000000 61'],
    ['an array longer than what is there', 'ao', '00010000 01000000'],
    ['a variant of two values', 'v', '02 737300'],
    ['variants in variants without end', 'v', '01 7600'.repeat(32)],
    ['a type that nobody here speaks', 'd', '0000000000000000'],
    ['a type without an end', '(s', '0100000061 00'],
  ])('that are invalid are refused: %s', (_, signature, bytes) => {
    expect(() => unmarshal(signature, hex(bytes), true)).toThrow(RangeError);
  });

  it('must have complete types', () => {
    expect(completeTypes('sa{sv}(oay)aas')).toEqual(['s', 'a{sv}', '(oay)', 'aas']);
  });
});

describe('a D-Bus message', () => {
  const message = {
    type: METHOD_CALL,
    serial: 7,
    fields: { path: '/a', member: 'Method', signature: 's' },
    body: ['text'],
  };

  it('is read as it was written, and not before its last byte', () => {
    const bytes = encodeMessage(message);
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeMessage(bytes.subarray(0, length))).toBeNull();
    const stream = Buffer.concat([bytes, Buffer.from('more')]);
    expect(decodeMessage(stream)).toEqual({ message, length: bytes.length });
  });

  it('of more than a mebibyte is refused before it has arrived', () => {
    const bytes = encodeMessage(message);
    bytes.writeUInt32LE(0x00100000, 4);
    expect(() => decodeMessage(bytes)).toThrow(RangeError);
  });

  it('is distinguished from other bytes', () => {
    expect(() => decodeMessage(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(RangeError);
  });
});
