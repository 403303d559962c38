import { describe, expect, it } from 'vitest';
import { bearerChallenge } from '../../src/oauth/challenge.js';

describe('a WWW-Authenticate header', () => {
  it.each([
    ['Bearer', { resourceMetadata: null, scopes: null, error: null }],
    [
      'Bearer error="insufficient_scope", scope="a b a", resource_metadata="https://x.example/m"',
      { resourceMetadata: 'https://x.example/m', scopes: ['a', 'b'], error: 'insufficient_scope' },
    ],
    ['bearer SCOPE=a,error=x', { resourceMetadata: null, scopes: ['a'], error: 'x' }],
    [
      'Basic realm="Bearer scope=\\"x\\"", Bearer scope="a", Digest scope="b"',
      { resourceMetadata: null, scopes: ['a'], error: null },
    ],
    ['Negotiate abc==, Bearer scope="a"', { resourceMetadata: null, scopes: ['a'], error: null }],
    ['Bearer scope="a", scope="b"', { resourceMetadata: null, scopes: ['a'], error: null }],
    ['Bearer scope="\x1b[31mred ok"', { resourceMetadata: null, scopes: ['ok'], error: null }],
    ['Bearer scope=""', { resourceMetadata: null, scopes: null, error: null }],
  ])('is read: %s', (header, expected) => {
    expect(bearerChallenge(header)).toEqual(expected);
  });

  it.each([undefined, '', 'Basic realm="x"', '"', '=,=,', '\u0000'])(
    'has no Bearer challenge: %j',
    (header) => {
      expect(bearerChallenge(header)).toBe(null);
    },
  );

  it('yields at most a hundred scopes, none of them very long', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `s${index}`).join(' ');
    expect(bearerChallenge(`Bearer scope="${many}"`)?.scopes).toHaveLength(100);
    expect(bearerChallenge(`Bearer scope="${'x'.repeat(300)}"`)?.scopes).toBe(null);
  });

  it('is read in no time, whatever is in it', () => {
    for (const piece of [' ', ',', 'a', '"', '\\', '=', 'a="', 'Bearer '])
      expect(() => bearerChallenge(`Bearer ${piece.repeat(1_000_000)}`)).not.toThrow();
  });
});
