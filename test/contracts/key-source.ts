import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KeySource, MASTER_KEY_BYTES } from '../../src/keysources/contract.js';

/** A key source to be tried. */
interface KeySourceStage {
  readonly source: KeySource;
  /** Puts a text where the key under this reference would be. */
  plant(reference: string, text: string): void;
  close(): void;
}

/** What every key source promises; see keysources/contract. */
export function keySourceContract(name: string, open: () => KeySourceStage): void {
  describe(`the ${name} key source`, () => {
    const reference = `${'5a'.repeat(16)}/master/1`;
    const key = Buffer.from(Array.from({ length: MASTER_KEY_BYTES }, (_, index) => 255 - index));
    let stage: KeySourceStage;
    beforeEach(() => {
      stage = open();
    });
    afterEach(() => stage.close());

    const rejection = (code: string) => expect.objectContaining({ code, hint: expect.any(String) });

    it('gives back the key that was put in, again and again, and leaves it to the caller to wipe', async () => {
      await stage.source.create(reference, Buffer.from(key));
      const first = await stage.source.load(reference);
      expect(first).toEqual(key);
      first.fill(0);
      expect(await stage.source.load(reference)).toEqual(key);
    });

    it('says that there is no key rather than making one', async () => {
      await expect(stage.source.load(reference)).rejects.toThrow(rejection('key_missing'));
      await expect(stage.source.load(reference)).rejects.toThrow(rejection('key_missing'));
    });

    it('never replaces a key', async () => {
      await stage.source.create(reference, Buffer.from(key));
      await expect(stage.source.create(reference, Buffer.alloc(32, 1))).rejects.toThrow(
        rejection('vault_exists'),
      );
      expect(await stage.source.load(reference)).toEqual(key);
    });

    it('does not store what is no master key', async () => {
      for (const length of [0, 16, 31, 33]) {
        await expect(stage.source.create(reference, Buffer.alloc(length, 1))).rejects.toThrow(RangeError);
      }
      await expect(stage.source.load(reference)).rejects.toThrow(rejection('key_missing'));
    });

    it.each([
      ['nothing', ''],
      ['a short one', 'A'.repeat(42)],
      ['a long one', 'A'.repeat(44)],
      ['one of 31 bytes', Buffer.alloc(31, 1).toString('base64url')],
      ['other characters', `${'A'.repeat(42)}+`],
      ['hexadecimal digits', 'ab'.repeat(32)],
      ['a space inside', `${'A'.repeat(21)} ${'A'.repeat(21)}`],
    ])('refuses %s in the place of a key, and does not repeat it', async (_name, text) => {
      stage.plant(reference, text);
      const failure = await stage.source.load(reference).catch((thrown: unknown) => thrown);
      expect(failure).toEqual(rejection('key_wrong'));
      if (text !== '') expect(JSON.stringify([String(failure), failure])).not.toContain(text);
    });

    it('takes a key with white space around it, as editors leave it, and with padding', async () => {
      stage.plant(reference, `\n ${key.toString('base64url')}=\r\n`);
      expect(await stage.source.load(reference)).toEqual(key);
    });

    it('says where it is, without naming a key', () => {
      expect(stage.source.place).toMatch(/keychain|key file \//);
    });
  });
}
