import { execFileSync, type StdioOptions } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless, harmlessJson, inQuotes, quoted } from '../../src/domain/safe-text.js';

const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/u;

describe('harmless text', () => {
  it.each([
    ['a colour', '\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['a window title (OSC)', '\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['a C1 control sequence', '\u009b2J', '\\x9b2J'],
    ['a line break', 'one\r\ntwo', 'one\\x0d\\x0atwo'],
    ['a deletion', 'a\u0008\u007fb', 'a\\x08\\x7fb'],
    ['a turn of direction', 'user\u202egpj.exe', 'user\\u202egpj.exe'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['a zero-width space', 'al\u200bice', 'al\\u200bice'],
    ['an invisible tag', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['a filler that shows nothing', 'a\u3164b', 'a\\u3164b'],
    ['a blank that is no space', 'a\u2800b', 'a\\u2800b'],
    ['an invisible variation', 'a\u{e0100}b', 'a\\u{e0100}b'],
    ['half a character', 'a\ud83db', 'a\\ud83db'],
  ])('shows %s instead of obeying it', (_, text, shown) => {
    expect(harmless(text)).toBe(shown);
  });

  it('keeps names in any script unchanged', () => {
    for (const name of ['alice@example.com', 'Zoë', '山田太郎', 'ولید', '👩', '❤️', 'محمّد'])
      expect(harmless(name)).toBe(name);
  });

  it('contains no control or direction character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmless(text)).not.toMatch(FORBIDDEN);
      }),
    );
  });
});

describe('harmless JSON', () => {
  it('is the same document without characters that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = harmlessJson(JSON.stringify({ text }));
        expect(JSON.parse(json)).toEqual({ text });
        expect(json).not.toMatch(FORBIDDEN);
      }),
    );
  });
});

const HOSTILE = [
  "it's",
  '$HOME `id`',
  'a\nhint: run me',
  "back\\slash\r\n'x'",
  'a\u202e\u2028b',
  'a\u{e0041}b',
];

describe('a word for a shell', () => {
  it.each(['google/alice@example.com', '/srv/vault/vault.db', 'a,b:c=d+e%f'])(
    'is unchanged if it is plain: %s',
    (word) => {
      expect(quoted(word)).toBe(word);
      expect(inQuotes(word)).toBe(`'${word}'`);
    },
  );

  it.each(HOSTILE)('means the same once a shell has read it: %j', (word) => {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' };
    // With a socket for its stdin bash takes itself for a remote shell, and reads the user's .bashrc.
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit'];
    for (const written of [quoted(word), inQuotes(word)]) {
      const read = execFileSync('bash', ['-c', `printf %s ${written}`], { env, stdio, encoding: 'utf8' });
      expect(read).toBe(word);
    }
  });

  it('is on one line and shows every character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (word) => {
        expect(inQuotes(word)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
    expect(quoted('q\nhint: run me')).toBe("$'q\\x0ahint: run me'");
  });
});
