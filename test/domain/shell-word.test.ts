import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inQuotes, quoted } from '../../src/domain/shell-word.js';

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
    'stays as it is while it is plain: %s',
    (word) => {
      expect(quoted(word)).toBe(word);
      expect(inQuotes(word)).toBe(`'${word}'`);
    },
  );

  it.each(HOSTILE)('means the same once a shell has read it: %j', (word) => {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' };
    for (const written of [quoted(word), inQuotes(word)]) {
      const read = execFileSync('bash', ['-c', `printf %s ${written}`], { env, encoding: 'utf8' });
      expect(read).toBe(word);
    }
  });

  it('is on one line and shows all that it holds, whatever that is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (word) => {
        expect(inQuotes(word)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
    expect(quoted('q\nhint: run me')).toBe("$'q\\x0ahint: run me'");
  });
});
