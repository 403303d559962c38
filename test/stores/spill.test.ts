import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spillFolder } from '../../src/stores/spill.js';
import { systemClock as clock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';

const ALICE = '00000000-0000-4000-8000-00000000000a';
const BOB = '00000000-0000-4000-8000-00000000000b';
const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => undefined);

let home: string;
let folder: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vault-spill-'));
  folder = join(home, 'spill');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (name: string, slots = 2) => spillFolder({ folder, files, clock, name, slots });
const answer = (accountId: string, text: string, generation = 3) => ({
  accountId,
  generation,
  sealed: Buffer.from(text),
});
const texts = (found: readonly { readonly sealed: Uint8Array }[]) =>
  found.map(({ sealed }) => Buffer.from(sealed).toString());

describe('the spill file beside the vault', () => {
  it('is on disk, private and of full size, before an answer is written into it', () => {
    const spill = open('one');
    spill.reserve();
    const stats = statSync(join(folder, 'one.spill'));
    expect([stats.size, stats.mode & 0o777, statSync(folder).mode & 0o777]).toEqual([
      2 * 65_536,
      0o600,
      0o700,
    ]);
    spill.close();
  });

  it('leaves no file if it was not needed', () => {
    const spill = open('one');
    spill.reserve().release();
    spill.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('returns an answer to the next process, by account', () => {
    const spill = open('one');
    spill.reserve().write(answer(ALICE, 'sealed for alice'));
    spill.reserve().write(answer(BOB, 'sealed for bob', 7));
    spill.close();
    const next = open('two');
    expect(texts(next.find(ALICE))).toEqual(['sealed for alice']);
    expect(next.find(BOB)).toMatchObject([{ accountId: BOB, generation: 7 }]);
    expect(next.find('00000000-0000-4000-8000-00000000000c')).toEqual([]);
  });

  it('keeps an answer until it is cleared', () => {
    const spill = open('one');
    spill.reserve().write(answer(ALICE, 'sealed for alice'));
    spill.close();
    const [found] = open('two').find(ALICE);
    expect(texts(open('three').find(ALICE))).toEqual(['sealed for alice']);
    found?.clear();
    expect(open('four').find(ALICE)).toEqual([]);
    // Nothing of what was sealed stays either.
    expect(readFileSync(join(folder, 'one.spill')).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses an answer larger than its slot, and stays usable', () => {
    const spill = open('one', 1);
    const slot = spill.reserve();
    const large = answer(ALICE, 'x'.repeat(slot.space + 1));
    expect(() => slot.write(large)).toThrow(expect.objectContaining({ code: 'vault_not_writable' }));
    slot.write(answer(ALICE, 'x'.repeat(slot.space)));
    expect(texts(spill.find(ALICE))).toEqual(['x'.repeat(slot.space)]);
    spill.close();
  });

  it('uses a released slot again', () => {
    const spill = open('one', 1);
    spill.reserve().release();
    spill.reserve();
    expect(statSync(join(folder, 'one.spill')).size).toBe(65_536);
    spill.close();
  });

  it('grows on disk if every slot is taken or contains an answer', () => {
    const spill = open('one', 2);
    spill.reserve().write(answer(ALICE, 'sealed for alice'));
    spill.reserve();
    const third = spill.reserve();
    expect(statSync(join(folder, 'one.spill')).size).toBe(4 * 65_536);
    third.write(answer(BOB, 'sealed for bob'));
    expect(texts(open('two').all())).toEqual(['sealed for alice', 'sealed for bob']);
    spill.close();
  });

  it('ignores a full slot with an impossible length', () => {
    const spill = open('one', 1);
    spill.reserve().write(answer(ALICE, 'sealed for alice'));
    spill.close();
    const path = join(folder, 'one.spill');
    const bytes = readFileSync(path);
    bytes.writeUInt32BE(0xffff_ffff, 45);
    writeFileSync(path, bytes);
    expect(texts(open('two').find(ALICE))).toEqual(['']);
  });

  it('removes empty files of processes that have ended, and no others', () => {
    const empty = open('empty');
    empty.reserve();
    const full = open('full');
    full.reserve().write(answer(ALICE, 'sealed for alice'));
    const young = open('young');
    young.reserve();
    const long = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ['empty', 'full']) utimesSync(join(folder, `${name}.spill`), long, long);
    const next = open('next');
    next.reserve();
    next.close();
    expect(readdirSync(folder).sort()).toEqual(['full.spill', 'young.spill']);
  });
});
