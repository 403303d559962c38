import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VaultError } from '../../src/domain/errors.js';
import type { MasterKeyRow } from '../../src/stores/contract.js';
import type { Birth, RollbackMarks } from '../../src/stores/rollback-marks.js';
import { marksDouble } from '../doubles/ledger.js';
import { MASTER } from '../harness/vault-folder.js';
import { openRotationStage, type RotationStage } from './rotation-stage.js';

type Kept = Map<string, Uint8Array>;
type Double = ReturnType<typeof marksDouble>;

let stage: RotationStage;
let second: Kept;
let birth: Birth | null;
let here: Double;
beforeEach(async () => {
  stage = await openRotationStage();
  second = new Map();
  birth = { at: 1_700_000_000_123_456_789n, certain: true };
  here = marksAt(stage.here, second);
});
afterEach(() => stage.close());

/** These marks, with a second one kept in `kept` by a user of this machine; none with null. */
function marksAt(marks: Double, kept: Kept | null): Double {
  const write: NonNullable<RollbackMarks['second']>['write'] = (name, bytes) => void kept?.set(name, bytes);
  const read = (name: string) => kept?.get(name) ?? null;
  return {
    ...marks,
    birth: () => birth,
    second: kept === null ? undefined : { folder: '/second', read, write },
  };
}

const renewal = async (marks: Double = here) => stage.renew(await stage.open(marks), 'ada');
const refusal = async (marks: Double = here) =>
  (await stage.open(marks)).requireCurrent().then(
    () => null,
    ({ code, message }: VaultError) => `${code}: ${message.split(': ')[0]}`,
  );

/** Runs something, then puts the database back together with its own mark; the file is another one then. */
async function putBack(work: () => Promise<unknown>, marks: Double = stage.here): Promise<void> {
  const copy = `${stage.file}.copy`;
  const kept = new Map(marks.kept);
  copyFileSync(stage.file, copy);
  await work();
  copyFileSync(copy, stage.file);
  for (const [name, bytes] of kept) marks.kept.set(name, bytes);
  birth = { at: 1_800_000_000_000_000_000n, certain: false };
}

const OLDER = 'vault_rolled_back: the vault was restored from an older copy';
const REPLACED = 'vault_rolled_back: the vault was restored from a copy, or moved to another disk';

describe('a vault that was restored together with its mark', () => {
  it('is rolled back if a second mark is newer, until accepted', async () => {
    await renewal();
    await putBack(renewal);
    birth = null;
    expect(await refusal()).toBe(OLDER);
    await renewal();
    expect(await refusal()).toBe(OLDER);
    await (await stage.open(here)).acceptAsItIs();
    expect(await refusal()).toBeNull();
    await renewal();
    await putBack(renewal);
    expect(await refusal()).toBe(OLDER);
  });

  it('is rolled back if only its file differs, until accepted', async () => {
    const alone = marksAt(stage.here, null);
    await renewal(alone);
    await putBack(() => renewal(alone));
    expect(await refusal(alone)).toBe(REPLACED);
    await renewal(alone);
    expect(await refusal(alone)).toBe(REPLACED);
    const vault = await stage.open(alone);
    expect(await vault.examine()).toMatchObject({ standing: 'rolled_back' });
    await vault.acceptAsItIs();
    birth = { at: 1_800_000_000_000_000_000n, certain: true };
    expect(await refusal(alone)).toBeNull();
    await renewal(alone);
    birth = { at: 1_900_000_000_000_000_000n, certain: false };
    expect(await refusal(alone)).toBe(REPLACED);
  });

  it('is current with another file if the second mark has nothing newer', async () => {
    await renewal();
    await putBack(async () => {});
    expect(await refusal()).toBeNull();
    birth = { at: 1_800_000_000_000_000_000n, certain: true };
    await renewal();
    expect(await refusal(marksAt(stage.here, null))).toBeNull();
  });

  it('is current if the last change was made elsewhere, and its file came from there', async () => {
    const alone = marksAt(stage.here, null);
    const elsewhere = marksDouble('elsewhere');
    await (await stage.open(elsewhere)).acceptAsItIs();
    await renewal(alone);
    await renewal(elsewhere);
    birth = { at: 1_800_000_000_000_000_000n, certain: true };
    expect(await refusal(alone)).toBeNull();
  });

  it('is not detected by a file without a creation time', async () => {
    const alone = marksAt(stage.here, null);
    birth = { at: 1_700_000_000_000_000_000n, certain: false };
    await renewal(alone);
    await putBack(async () => {});
    expect(await refusal(alone)).toBeNull();
    birth = null;
    await renewal(alone);
    birth = { at: 1_800_000_000_000_000_000n, certain: true };
    expect(await refusal(alone)).toBeNull();
  });
});

describe('a second mark', () => {
  it('may be missing or behind without an alarm', async () => {
    await renewal();
    const theirs = marksAt(stage.here, new Map());
    await renewal(theirs);
    expect(theirs.second?.read([...second.keys()][0] ?? '')).not.toBeNull();
    for (const marks of [here, theirs, marksAt(stage.here, new Map()), marksAt(stage.here, null)]) {
      expect(await refusal(marks)).toBeNull();
      await renewal(marks);
    }
  });

  it('that was altered is an alarm, but not one from before new data keys', async () => {
    await renewal();
    const [[name, bytes] = ['', new Uint8Array()]] = second;
    second.set(name, Buffer.from(bytes).fill(1, 20));
    expect(await refusal()).toBe(`${OLDER}, or its rollback mark in /example/marks was altered`);
    second.set(name, bytes);
    await stage.begin();
    await stage.sealAll();
    await stage.finish();
    expect(await refusal()).toBeNull();
  });

  it('from after new data keys shows a vault restored from before them', async () => {
    await putBack(async () => {
      const vault = await stage.open(here);
      const row = (await (await stage.store()).head()).masterKeys[0] as MasterKeyRow;
      await (await vault.rotation()).begin([{ row, master: MASTER }], { event: 'data_keys_added' });
      await stage.sealAll();
      await stage.finish();
    });
    expect(await refusal()).toContain('vault_rolled_back');
  });
});
