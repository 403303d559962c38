import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.js';
import { type KeySource, MASTER_KEY_BYTES, type StoringKeySource } from '../../src/keysources/contract.js';

/** A key source to be tried. */
export interface KeySourceStage<Source extends KeySource = KeySource> {
  readonly source: Source;
  /** Puts a text where the key under this reference would be. */
  plant(reference: string, text: string): void;
  /** What it says where nothing was planted; `key_missing` when left out. */
  readonly absent?: ErrorCode;
  close(): void;
}

type Open<Source extends KeySource> = () => KeySourceStage<Source>;

const REFERENCE = `${'5a'.repeat(16)}/master/1`;
const key = Buffer.from(Array.from({ length: MASTER_KEY_BYTES }, (_, index) => 255 - index));
const written = `${key.toString('base64url')}\n`;

const rejection = (code: string) => expect.objectContaining({ code, hint: expect.any(String) });

/** What every key source promises that holds a key as a text; see keysources/contract. */
export function keySourceContract(name: string, open: Open<KeySource>): void {
  describe(`the ${name} key source`, () => {
    let stage: KeySourceStage;
    beforeEach(() => {
      stage = open();
    });
    afterEach(() => stage.close());

    it('returns the key each time, and lets the caller wipe it', async () => {
      stage.plant(REFERENCE, written);
      const first = await stage.source.load(REFERENCE);
      expect(first).toEqual(key);
      first.fill(0);
      expect(await stage.source.load(REFERENCE)).toEqual(key);
    });

    it('reports a missing key, and does not make one', async () => {
      const absent = rejection(stage.absent ?? 'key_missing');
      await expect(stage.source.load(REFERENCE)).rejects.toThrow(absent);
      await expect(stage.source.load(REFERENCE)).rejects.toThrow(absent);
    });

    it.each([
      ['nothing', ''],
      ['a short one', 'A'.repeat(42)],
      ['a long one', 'A'.repeat(44)],
      ['one of 31 bytes', Buffer.alloc(31, 1).toString('base64url')],
      ['other characters', `${'A'.repeat(42)}+`],
      ['hexadecimal digits', 'ab'.repeat(32)],
      ['a space inside', `${'A'.repeat(21)} ${'A'.repeat(21)}`],
    ])('refuses %s in the place of a key, and does not print it', async (_name, text) => {
      stage.plant(REFERENCE, text);
      const failure = await stage.source.load(REFERENCE).catch((thrown: unknown) => thrown);
      expect(failure).toEqual(rejection('key_wrong'));
      if (text !== '') expect(JSON.stringify([String(failure), failure])).not.toContain(text);
    });

    it('accepts a key with padding and surrounding white space', async () => {
      stage.plant(REFERENCE, `\n ${key.toString('base64url')}=\r\n`);
      expect(await stage.source.load(REFERENCE)).toEqual(key);
    });

    it('describes its place and its setting without printing a key', () => {
      stage.plant(REFERENCE, written);
      const { source } = stage;
      expect(source.place).toMatch(/keychain|key file \/|credential|command/);
      expect(source.setting.kind).toBe(source.kind);
      expect(JSON.stringify(source)).not.toContain(written.trim());
    });
  });
}

/** What those promise besides that keep what this program puts there. */
export function storingKeySourceContract(name: string, open: Open<StoringKeySource>): void {
  keySourceContract(name, open);

  describe(`the ${name} key source, which stores keys,`, () => {
    let stage: KeySourceStage<StoringKeySource>;
    beforeEach(() => {
      stage = open();
    });
    afterEach(() => stage.close());

    it('returns the key that was stored', async () => {
      await stage.source.create(REFERENCE, Buffer.from(key));
      expect(await stage.source.load(REFERENCE)).toEqual(key);
    });

    it('never replaces a key', async () => {
      await stage.source.create(REFERENCE, Buffer.from(key));
      await expect(stage.source.create(REFERENCE, Buffer.alloc(32, 1))).rejects.toThrow(
        rejection('vault_exists'),
      );
      expect(await stage.source.load(REFERENCE)).toEqual(key);
    });

    it('stores nothing but a master key', async () => {
      for (const length of [0, 16, 31, 33]) {
        await expect(stage.source.create(REFERENCE, Buffer.alloc(length, 1))).rejects.toThrow(RangeError);
      }
      await expect(stage.source.load(REFERENCE)).rejects.toThrow(rejection('key_missing'));
    });

    it('keeps a new key beside the old one until one of the two is removed', async () => {
      const next = REFERENCE.replace(/1$/, '2');
      const other = Buffer.alloc(MASTER_KEY_BYTES, 9);
      for (const [dropped, kept, left] of [
        [next, REFERENCE, key],
        [REFERENCE, next, other],
      ] as const) {
        await stage.source.remove(REFERENCE);
        await stage.source.create(REFERENCE, Buffer.from(key));
        await stage.source.createBeside(next, Buffer.from(other));
        expect(await stage.source.load(REFERENCE)).toEqual(key);
        expect(await stage.source.load(next)).toEqual(other);
        await expect(stage.source.createBeside(next, Buffer.from(key))).rejects.toThrow(
          rejection('vault_exists'),
        );
        await stage.source.drop(dropped, kept);
        // Asked again by a run that was cut off before it could write down that it is done.
        await stage.source.drop(dropped, kept);
        expect(await stage.source.load(kept)).toEqual(left);
      }
    });

    it('removes a key, and reports whether there was one', async () => {
      expect(await stage.source.remove(REFERENCE)).toBe(false);
      await stage.source.create(REFERENCE, Buffer.from(key));
      expect(await stage.source.remove(REFERENCE)).toBe(true);
      await expect(stage.source.load(REFERENCE)).rejects.toThrow(rejection('key_missing'));
    });
  });
}
