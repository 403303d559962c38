import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { passphraseSource } from '../../src/keysources/passphrase.js';
import { realScrypt } from '../harness/cheap-scrypt.js';

realScrypt();

const REFERENCE = `${'5a'.repeat(16)}/master/1`;
const GOOD = 'four words nobody-joins';

const sourceWith = (passphrase: string) =>
  passphraseSource(null, { ask: async () => new Secret(passphrase), place: 'passphrase' });

describe('the passphrase key source', () => {
  let key: Buffer;
  let parameters: string;
  beforeAll(async () => {
    ({ key, parameters } = await sourceWith(GOOD).derive(REFERENCE));
  });

  it('derives a key from its passphrase and salt alone', async () => {
    expect(key).toHaveLength(32);
    const again = await sourceWith(GOOD).load(REFERENCE, parameters);
    expect(again.equals(key)).toBe(true);
    expect((await sourceWith(`${GOOD}s`).load(REFERENCE, parameters)).equals(key)).toBe(false);
    const other = await sourceWith(GOOD).derive(REFERENCE);
    expect(other.parameters).not.toBe(parameters);
    expect(other.key.equals(key)).toBe(false);
  });

  it('refuses a new passphrase that derives the key to be replaced', async () => {
    const replaced = [{ parameters, matches: (other: Buffer) => other.equals(key) }];
    await expect(sourceWith(GOOD).derive(REFERENCE, replaced)).rejects.toMatchObject({
      code: 'usage',
      message: 'the passphrase is the same as before',
    });
    await expect(sourceWith(`${GOOD}s`).derive(REFERENCE, replaced)).resolves.toHaveProperty('key');
  });

  it('stores the work factor and 32 bytes of salt, and nothing of the passphrase', () => {
    const kept = JSON.parse(parameters) as Record<string, unknown>;
    expect(kept).toEqual({ kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1, salt: expect.any(String) });
    expect(Buffer.from(String(kept['salt']), 'base64url')).toHaveLength(32);
    expect(parameters).not.toContain(key.toString('base64url'));
  });

  it('is scrypt as in RFC 7914, over the passphrase in NFC', async () => {
    const parameters = JSON.stringify({ kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1, salt: 'A'.repeat(43) });
    const composed = await sourceWith('caf\u00e9 caf\u00e9 caf\u00e9').load(REFERENCE, parameters);
    const apart = await sourceWith('cafe\u0301 cafe\u0301 cafe\u0301').load(REFERENCE, parameters);
    expect(apart.equals(composed)).toBe(true);
    const { scryptSync } = await import('node:crypto');
    const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
    const expected = scryptSync('caf\u00e9 caf\u00e9 caf\u00e9', Buffer.alloc(32), 32, cost);
    expect(composed.equals(expected)).toBe(true);
  });

  it.each([
    ['no parameters', null],
    ['no JSON', 'scrypt'],
    ['another function', { kdf: 'pbkdf2' }],
    ['gigabytes', { n: 2 ** 30 }],
    ['more memory than twice the usual', { n: 2 ** 19 }],
    ['a weak work factor', { n: 2 ** 14 }],
    ['a work factor that is no power of two', { n: 2 ** 17 + 1 }],
    ['a fraction', { n: 2 ** 17 + 0.5 }],
    ['another block size', { r: 1 }],
    ['a huge block size', { r: 2 ** 20 }],
    ['no lanes', { p: 0 }],
    ['many lanes', { p: 1_000_000 }],
    ['a text for a number', { n: '131072' }],
    ['a short salt', { salt: 'AAAA' }],
    ['a salt in another writing', { salt: `${'A'.repeat(43)}=` }],
    ['no salt', { salt: undefined }],
  ])('refuses a row with %s, before it asks for the passphrase', async (_name, change) => {
    const usual = { kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1, salt: 'A'.repeat(43) };
    const text =
      typeof change === 'object' && change !== null ? JSON.stringify({ ...usual, ...change }) : change;
    const source = passphraseSource(null, {
      ask: () => Promise.reject(new Error('must not be asked here')),
      place: 'passphrase',
    });
    await expect(source.load(REFERENCE, text)).rejects.toMatchObject({
      code: 'vault_damaged',
      hint: expect.stringContaining('backup'),
    });
  });

  it('refuses a new one under twelve characters, and an empty one', async () => {
    for (const tooEasy of ['', 'elevenchars', '👍'.repeat(11)]) {
      await expect(sourceWith(tooEasy).derive(REFERENCE)).rejects.toMatchObject({
        code: 'usage',
        message: 'the passphrase is too short: it needs at least 12 characters',
      });
    }
    const parameters = JSON.stringify({ kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1, salt: 'A'.repeat(43) });
    const empty = sourceWith('').load(REFERENCE, parameters);
    await expect(empty).rejects.toMatchObject({ code: 'key_missing', exitCode: 6 });
  });
});
