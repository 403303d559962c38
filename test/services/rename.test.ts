import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountName } from '../../src/domain/account.js';
import { VaultError } from '../../src/domain/errors.js';
import { chooseDefault, defaultAccounts, removeDefault } from '../../src/services/default-account.js';
import { removeAlias, renameAccount } from '../../src/services/rename.js';
import { revokeAccounts } from '../../src/services/revoke/revoke.js';
import { selectAccount } from '../../src/services/select-account.js';
import { ALICE } from '../harness/test-context.js';
import { type LoginTest, loginTest } from './login/login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

async function add(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [provider = '', label = ''] = name.split('/');
    await stage.add({ provider, label }, { identity: { ...ALICE, subject: name } });
  }
}

const rename = (selector: string, to: string, keepsOld = true) =>
  renameAccount(stage.ctx, { selector, to, keepsOld });
const chosen = async (selector: string | null, over = {}) =>
  accountName(await selectAccount({ ...stage.ctx, ...over }, stage.vault, selector, 'token'));
const config = () => JSON.parse(stage.files.read(stage.paths.configFile, 10_000)?.toString() ?? '{}');

describe('renaming an account', () => {
  it.each(['home', 'google/home'])('to %s changes its name and nothing else', async (to) => {
    await add('google/work');
    const before = await stage.account((await stage.vault.accounts())[0] as never);
    const tokens = await stage.tokens(before);
    const { account, from } = await rename('google/work', to);
    expect([from, accountName(account)]).toEqual(['google/work', 'google/home']);
    const { label, generation, updatedAt, sealed } = await stage.account(before);
    expect(await stage.account(before)).toEqual({ ...before, label, generation, updatedAt, sealed });
    expect(await stage.tokens(before)).toEqual(tokens);
    expect(stage.events.at(-1)).toMatchObject({ event: 'account_renamed', account: before.id });
  });

  it('keeps every former name, however often it is done', async () => {
    await add('google/a');
    await rename('google/a', 'b');
    await rename('google/b', 'c');
    for (const name of ['google/a', 'google/b', 'google/c', 'a']) expect(await chosen(name)).toBe('google/c');
    await rename('google/c', 'a');
    expect(config().aliases).toEqual({ 'google/b': 'google/a', 'google/c': 'google/a' });
    await removeAlias(stage.ctx, 'google/b');
    await expect(chosen('google/b')).rejects.toMatchObject({ code: 'account_not_found' });
    await expect(removeAlias(stage.ctx, 'google/b')).rejects.toMatchObject({ code: 'account_not_found' });
  });

  it('lets the name of an account count before the same former name of another', async () => {
    await add('google/a');
    await rename('google/a', 'b');
    await add('google/c');
    await stage.add({ provider: 'google', label: 'a' }, { identity: { ...ALICE, subject: 'second' } });
    await chooseDefault(stage.ctx, 'google/a');
    expect((await defaultAccounts(stage.ctx)).accounts).toEqual(['google/a']);
    expect([await chosen(null), await chosen('google'), await chosen('google/a')]).toEqual(
      Array(3).fill('google/a'),
    );
    expect(await removeAlias(stage.ctx, 'google/a')).toEqual({ isName: true });
    await expect(removeAlias(stage.ctx, 'google/a')).rejects.toMatchObject({
      code: 'usage',
      message: 'google/a is the name of an account, not a former name of one',
    });
  });

  it('leaves no former name and no default of an account that is revoked', async () => {
    await stage.logIn({ as: 'a' });
    await rename('demo/a', 'b');
    await add('google/c');
    await chooseDefault(stage.ctx, 'google/c');
    await chooseDefault(stage.ctx, 'demo/b');
    const request = { selectors: ['demo/b'], all: false, provider: null, dryRun: false, local: false };
    await revokeAccounts(stage.ctx, request);
    expect(config()).toEqual({ defaultAccounts: ['google/c'] });
  });

  it('keeps no former name where none is wanted', async () => {
    await add('google/a');
    await rename('google/a', 'b', false);
    await expect(chosen('google/a')).rejects.toMatchObject({ code: 'account_not_found' });
    expect(config()).toEqual({});
  });

  it('takes no name that another account has or had', async () => {
    await add('google/a', 'google/b');
    await rename('google/b', 'c');
    for (const name of ['c', 'b'])
      await expect(rename('google/a', name)).rejects.toMatchObject({ code: 'account_name_taken' });
    await expect(stage.logIn({ as: 'work' })).resolves.toMatchObject({ created: true });
    await rename('demo/work', 'office');
    const other = stage.logIn({ as: 'work' }, { choice: { person: 'grace' } });
    await expect(other).rejects.toMatchObject({ code: 'account_name_taken' });
    expect(await chosen('demo/work')).toBe('demo/office');
  });

  it('puts the names back when the account cannot be changed', async () => {
    await add('google/a');
    stage.files.replace(
      stage.paths.configFile,
      Buffer.from('{"notify":["true"],"defaultAccounts":["google/a"]}'),
    );
    const before = config();
    const account = (await stage.vault.accounts())[0];
    const lock = await stage.locks.acquire(account?.id ?? '', 0);
    const over = new AbortController();
    const ctx = { ...stage.ctx, interruption: over.signal };
    const call = renameAccount(ctx, { selector: 'google/a', to: 'b', keepsOld: true });
    await expect.poll(() => config().aliases).toEqual({ 'google/a': 'google/b' });
    over.abort(new VaultError('interrupted', 'interrupted'));
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    await lock.release();
    expect(config()).toEqual(before);
  });

  it.each([
    ['microsoft/x', /begins with google\//],
    ['a b', /the new name takes the part after the slash/],
    ['google/', /the new name/],
  ])('does not call it %s', async (to, message) => {
    await add('google/a');
    await expect(rename('google/a', to)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });

  it('keeps the old name when a login renames it', async () => {
    await stage.logIn();
    await stage.logIn({ as: 'work' });
    expect(await chosen('demo/ada@example.com')).toBe('demo/work');
  });

  it('lets the next account of that name be another one, where users are not identified', async () => {
    Object.assign(stage.settings, { identity: { from: 'none' }, scopes: ['notes.read'] });
    const { account } = await stage.logIn({ as: 'a' });
    await rename('demo/a', 'b', false);
    expect((await stage.logIn({ name: 'demo/b' })).account.id).toBe(account.id);
    expect(await stage.logIn({ as: 'a' })).toMatchObject({ created: true, account: { label: 'a' } });
  });
});

describe('the default account', () => {
  it('is taken where only its provider or nothing is named', async () => {
    await add('google/a', 'google/b', 'microsoft/c', 'microsoft/d');
    await chooseDefault(stage.ctx, 'google/b');
    await chooseDefault(stage.ctx, 'microsoft/c');
    expect([await chosen('google'), await chosen('microsoft'), await chosen(null)]).toEqual([
      'google/b',
      'microsoft/c',
      'microsoft/c',
    ]);
    await expect(chosen('goo')).rejects.toMatchObject({ code: 'account_ambiguous' });
    await chooseDefault(stage.ctx, 'google/a');
    expect((await defaultAccounts(stage.ctx)).accounts).toEqual(['google/a', 'microsoft/c']);
  });

  it('follows a new name, and is not followed by another account', async () => {
    await add('google/a', 'google/b');
    await chooseDefault(stage.ctx, 'google/a');
    await rename('google/a', 'x', false);
    expect(await chosen('google')).toBe('google/x');
    await stage.vault.remove((await selectAccount(stage.ctx, stage.vault, 'google/x', 'token')).id);
    await add('google/c');
    await expect(chosen('google')).rejects.toMatchObject({ code: 'account_ambiguous' });
  });

  it.each(['revoke', 'rename'] as const)('is not what %s takes', async (verb) => {
    await add('google/a', 'google/b');
    await chooseDefault(stage.ctx, 'google/a');
    await expect(selectAccount(stage.ctx, stage.vault, 'google', verb)).rejects.toMatchObject({
      code: 'account_ambiguous',
      hint: `name one of them, for example: vault ${verb} google/a`,
    });
  });

  it('is offered where the name is not clear', async () => {
    await add('google/a', 'google/b');
    await expect(chosen('google')).rejects.toMatchObject({
      hint: 'name one of them, for example: vault token google/a\nor choose the one to take: vault default google/a',
    });
  });

  it('is no default any more once it was removed', async () => {
    await add('google/a', 'google/b', 'microsoft/c');
    for (const name of ['google/a', 'microsoft/c']) await chooseDefault(stage.ctx, name);
    await removeDefault(stage.ctx, 'google/a');
    expect((await defaultAccounts(stage.ctx)).accounts).toEqual(['microsoft/c']);
    await expect(removeDefault(stage.ctx, 'google/a')).rejects.toMatchObject({ code: 'account_not_found' });
    await removeDefault(stage.ctx, null);
    expect(config()).toEqual({});
  });

  it('is first the one of VAULT_ACCOUNT, by any of its names', async () => {
    await add('google/a', 'google/b', 'microsoft/c');
    await chooseDefault(stage.ctx, 'google/a');
    expect(await chosen(null, { wantedAccount: 'microsoft' })).toBe('microsoft/c');
    expect(await chosen('google', { wantedAccount: 'google/b' })).toBe('google/b');
    expect(await chosen('google', { wantedAccount: 'microsoft/c' })).toBe('google/a');
    await expect(chosen(null, { wantedAccount: 'google/gone' })).rejects.toMatchObject({
      code: 'account_not_found',
    });
  });
});

describe('config.json with names', () => {
  it('keeps all else in it, and two changes at a time', async () => {
    stage.files.replace(stage.paths.configFile, Buffer.from('{"notify":["true"]}'));
    await add('google/a', 'microsoft/c');
    await Promise.all(['google/a', 'microsoft/c'].map((name) => chooseDefault(stage.ctx, name)));
    expect(config()).toEqual({
      notify: ['true'],
      defaultAccounts: expect.arrayContaining(['google/a', 'microsoft/c']),
    });
  });
});
