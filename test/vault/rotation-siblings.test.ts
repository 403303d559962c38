import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountExample } from '../doubles/account.js';
import { account, contents, openRotationStage, type RotationStage, TOKEN } from './rotation-stage.js';

let stage: RotationStage;
beforeEach(async () => {
  stage = await openRotationStage();
});
afterEach(() => stage.close());

async function sealed(): Promise<void> {
  await stage.begin();
  await stage.sealAll();
}

/** A command that another process is in the middle of, and where the rotation may be meanwhile. */
const MOMENTS: readonly (readonly [string, () => Promise<void>])[] = [
  ['the new data keys have come', () => stage.begin()],
  ['everything is sealed under the new ones', sealed],
  [
    'the old ones are gone',
    async () => {
      await sealed();
      await stage.finish();
    },
  ],
  [
    'they were replaced twice',
    async () => {
      for (let time = 0; time < 2; time += 1) {
        await stage.begin();
        await stage.sealAll();
        await stage.finish();
      }
    },
  ],
];

describe.each(MOMENTS)('a process that runs while data keys are replaced, when %s', (_, happen) => {
  it('opens what it has read before', async () => {
    const vault = await stage.sibling();
    const read = await account(vault);
    await happen();
    expect((await vault.accessToken(read))?.reveal()).toBe('access-token-example');
    expect((await vault.identity(read)).subject).toBe('subject-ada');
  });

  it('opens it even if it loads its key only then', async () => {
    const vault = await stage.open();
    const read = await account(vault);
    await happen();
    expect((await vault.contents(read)).identity.subject).toBe('subject-ada');
  });

  it('stores the answer of a refresh that it began before, and everything opens', async () => {
    const vault = await stage.sibling();
    const read = await account(vault);
    await happen();
    expect(await vault.update(read, {}, contents('subject-ada'))).toMatchObject({ generation: 2 });
    const later = await stage.open();
    expect((await later.contents(await account(later))).refreshToken?.reveal()).toBe(TOKEN.reveal());
    await later.requireCurrent();
  });

  it('finds an identity again, and does not store it twice', async () => {
    const vault = await stage.sibling();
    const { provider, issuer } = await account(vault);
    await happen();
    expect(await vault.byIdentity(provider, issuer, 'subject-ada').then((found) => found?.label)).toBe('ada');
    const again = accountExample({ label: 'ada-again' });
    expect(await vault.add(again, contents('subject-ada'))).toBeNull();
    expect(await vault.byIdentity(provider, issuer, 'subject-nobody')).toBeNull();
  });

  it('adds and removes accounts, and the sums match', async () => {
    const vault = await stage.sibling();
    await happen();
    await vault.add(accountExample({ label: 'edsger' }), contents('subject-edsger'));
    expect(await vault.remove((await account(vault, 'grace')).id)).toBe(true);
    for (const each of [vault, await stage.open()]) await each.verifyRowSet();
    expect((await vault.accounts()).map(({ label }) => label)).toEqual(['ada', 'edsger']);
  });

  it('finds the vault current and without trouble', async () => {
    const vault = await stage.sibling();
    await happen();
    expect(await vault.examine()).toMatchObject({ standing: 'current', troubles: [] });
    await vault.requireCurrent();
    expect(stage.notices).toEqual([]);
  });

  it('recognises an interrupted refresh', async () => {
    const vault = await stage.sibling();
    const updated = await vault.update(await account(vault), {}, contents('subject-ada'));
    if (updated === null) throw new Error('somebody else was faster');
    expect(await vault.intend(updated, TOKEN, 1, 1)).toBeNull();
    await happen();
    for (const each of [vault, await stage.open()]) {
      expect(await each.intend(updated, TOKEN, 2, 2)).toMatchObject({ at: expect.any(Number) });
    }
  });
});

it('reports that another process changed an account while it was opened', async () => {
  const vault = await stage.open();
  const read = await account(vault);
  await stage.begin();
  await stage.sealAll();
  await stage.finish();
  await stage.renew(await stage.open(), 'ada');
  await expect(vault.contents(read)).rejects.toMatchObject({ code: 'busy' });
});

it('is detected if other data keys have the same ids', async () => {
  const copy = `${stage.file}.copy`;
  copyFileSync(stage.file, copy);
  await sealed();
  const vault = await stage.sibling();
  await stage.finish();
  copyFileSync(copy, stage.file);
  await (await stage.open()).acceptAsItIs();
  await sealed();
  expect((await vault.contents(await account(vault))).identity.subject).toBe('subject-ada');
  expect(await vault.update(await account(vault), {}, contents('subject-ada'))).not.toBeNull();
});

describe('a spilled answer', () => {
  it('is opened by a process whose keys are older', async () => {
    const vault = await stage.sibling();
    const read = await account(vault);
    await stage.begin();
    const answer = { change: {}, accessToken: null, refreshToken: TOKEN, idToken: null };
    const sealed = await (await stage.open()).sealAnswer(read, answer);
    expect((await vault.openAnswer(read, read.generation, sealed))?.refreshToken?.reveal()).toBe(
      TOKEN.reveal(),
    );
  });

  it('is opened until the old data keys are deleted', async () => {
    const vault = await stage.open();
    const read = await account(vault);
    const answer = { change: {}, accessToken: null, refreshToken: TOKEN, idToken: null };
    const sealed = await vault.sealAnswer(read, answer);
    await stage.begin();
    await stage.sealAll();
    expect((await vault.openAnswer(read, read.generation, sealed))?.refreshToken?.reveal()).toBe(
      TOKEN.reveal(),
    );
    await stage.finish();
    expect(await (await stage.open()).openAnswer(read, read.generation, sealed)).toBeNull();
  });
});
