import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { cleanText, printable } from '../../src/oauth/clean.js';

describe('a text from a provider', () => {
  it.each([
    ['line breaks', 'first\r\nsecond\u2028third', 'first second third'],
    ['colours', '\u001b[31mred\u001b[0m text', 'red text'],
    ['a window title ended by BEL', 'a\u001b]0;pwned\u0007b', 'a b'],
    ['a clipboard write ended by ST', 'a\u001b]52;c;aGk=\u001b\\b', 'a b'],
    ['a one-byte CSI', 'a\u009b31mb', 'a b'],
    ['NUL, DEL and a lone escape', 'a\u0000b\u007fc\u001b', 'a b c'],
    ['marks that turn the direction of text', 'abc\u202edef\u2066g\u200f', 'abcdefg'],
    ['invisible characters', 'to\u200bken\ufeff', 'token'],
  ])('is shown without %s', (_, text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });

  it.each([
    ['an address', 'user alice@example.com is unknown', 'user [address] is unknown'],
    ['a token', 'token ya29.a0AfH6SMBx4example0 is bad', 'token [redacted] is bad'],
    ['a long run without digits', `x ${'abcdefghij'.repeat(6)}`, 'x [redacted]'],
    [
      'what follows the host in a URL',
      'see https://a.example/e?token=abc#d now',
      'see https://a.example now',
    ],
  ])('does not show %s', (_, text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });

  it('keeps error codes and the trace ids that support needs', () => {
    const text = 'AADSTS50173: revoked. Trace ID: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 invalid_grant';
    expect(cleanText(text)).toBe(text);
  });

  it('loses every part of a secret of this request, even cut or altered', () => {
    const sent = [new Secret('rt-quiet-words-only')];
    expect(cleanText('rt-quiet-words was not known', 200, sent)).toBe('[redacted] was not known');
    expect(cleanText('not rt-quiet\u0210words-only here', 200, sent)).toBe(
      'not [redacted]\u0210[redacted] here',
    );
    expect(cleanText('the words are quiet', 200, sent)).toBe('the words are quiet');
  });

  it('does not echo a secret of the request, however short or plain it is', () => {
    const sent = [new Secret('hunter')];
    expect(cleanText('bad token hunter for you', 200, sent)).toBe('[redacted]');
    expect(cleanText('bad token for xhunter2', 200, sent)).toBe('[redacted]');
    expect(cleanText('bad token for a hunt', 200, sent)).toBe('bad token for a hunt');
    expect(cleanText('bad token', 200, [new Secret('')])).toBe('bad token');
  });

  it('is cut with an ellipsis, without splitting a character', () => {
    expect(cleanText('a b c d e', 5)).toBe('a b …');
    expect(cleanText('😀 😀 😀 😀', 3)).toBe('😀 …');
  });

  it.each([[undefined], [null], [7], [{}], [''], ['  \u0000 ']])('is empty for %j', (value) => {
    expect(cleanText(value)).toBeNull();
  });

  it('becomes one short printable line', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 500 });
    fc.assert(
      fc.property(anything, (text) => {
        const clean = cleanText(text) ?? 'x';
        expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect([...clean].length).toBeLessThanOrEqual(200);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('of a megabyte is cleaned quickly', () => {
    expect([...(cleanText('a@'.repeat(500_000)) ?? '')].length).toBeLessThanOrEqual(200);
  });
});

describe('a displayed name', () => {
  it('keeps addresses and long words', () => {
    expect(printable('alice.with.a.long.name.1234567890@example.com')).toBe(
      'alice.with.a.long.name.1234567890@example.com',
    );
  });

  it('loses control characters', () => {
    expect(printable('Ali\u001b[31mce\n')).toBe('Ali ce');
  });
});
