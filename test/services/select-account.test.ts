import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountName } from '../../src/domain/account.js';
import { selectAccount } from '../../src/services/select-account.js';
import { selectAccounts } from '../../src/services/select-accounts.js';
import { sources } from '../doubles/settings-sources.js';
import { tamperBehindIndex } from '../harness/tamper.js';
import { ALICE, type TestContext, testContext } from '../harness/test-context.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

async function add(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const [provider = '', label = ''] = name.split('/');
    await stage.add({ provider, label }, { identity: { ...ALICE, subject: name } });
  }
}

const chosen = async (selector: string | null) =>
  accountName(await selectAccount(stage.ctx, stage.vault, selector, 'token'));

describe('choosing an account', () => {
  it.each([
    ['its whole name', 'google/work'],
    ['a beginning that no other shares', 'google/w'],
    ['its provider, when that has no other', 'microsoft'],
    ['a beginning of its provider', 'mic'],
    ['the part after the slash', 'alice@example.com'],
    ['the same in another case, where it is an address', 'Alice@Example.com'],
  ])('accepts %s', async (_, selector) => {
    await add('google/work', 'google/alice@example.com', 'microsoft/work');
    const names = { m: 'microsoft/work', g: 'google/work' } as Record<string, string>;
    expect(await chosen(selector)).toBe(names[selector[0] ?? ''] ?? 'google/alice@example.com');
  });

  it('takes the address of its user, though its name is another', async () => {
    const user = (email: string) => ({ identity: { ...ALICE, subject: email, email } });
    await stage.add({ provider: 'google', label: 'work' }, user('ada@example.com'));
    await stage.add({ provider: 'google', label: 'home' }, user('grace@example.com'));
    await stage.add({ provider: 'microsoft', label: 'office' }, user('ada@example.com'));
    expect(await chosen('Grace@example.com')).toBe('google/home');
    expect(await chosen('google/ada@example.com')).toBe('google/work');
    await expect(chosen('ada@example.com')).rejects.toMatchObject({
      code: 'account_ambiguous',
      details: { accounts: ['google/work', 'microsoft/office'] },
    });
    await expect(chosen('microsoft/grace@example.com')).rejects.toMatchObject({ code: 'account_not_found' });
  });

  it('prefers a name to an address', async () => {
    const identity = { ...ALICE, subject: 'other', email: 'ada@example.com' };
    await stage.add({ provider: 'google', label: 'other' }, { identity });
    await add('google/ada@example.com');
    expect(await chosen('ada@example.com')).toBe('google/ada@example.com');
  });

  it('selects the only account if none is named', async () => {
    await add('google/work');
    expect(await chosen(null)).toBe('google/work');
  });

  it('prefers an exact name to a longer one that begins with it', async () => {
    await add('google/work', 'google/work-2', 'googlemail/x');
    expect(await chosen('google/work')).toBe('google/work');
    await expect(chosen('google/wor')).rejects.toMatchObject({ code: 'account_ambiguous' });
    await expect(chosen('google')).rejects.toMatchObject({
      details: { accounts: ['google/work', 'google/work-2'] },
    });
    expect(await chosen('googlem')).toBe('googlemail/x');
  });

  it('finds the account of that name even if a damaged index leads to another', async () => {
    await add('google/a', 'google/b');
    const swap = "UPDATE accounts SET label = iif(label = 'a', 'b', 'a')";
    tamperBehindIndex(stage.paths.database, 'accounts_by_name', swap);
    expect(await chosen('google/a')).toBe('google/a');
  });

  it('does not interpret a selector as a pattern', async () => {
    await add('google/work');
    for (const selector of ['%', 'google/%', 'google/_ork', '*', "google' OR 1=1 --"]) {
      await expect(chosen(selector)).rejects.toMatchObject({ code: 'account_not_found' });
    }
  });

  it('lists the accounts if several match, and shows the command to type', async () => {
    await add('google/b', "google/a'b");
    await expect(selectAccount(stage.ctx, stage.vault, 'google', 'revoke')).rejects.toMatchObject({
      code: 'account_ambiguous',
      message: "several accounts match google: google/a'b, google/b",
      hint: "name one of them, for example: vault revoke 'google/a'\\''b'",
      details: { accounts: ["google/a'b", 'google/b'] },
    });
    await expect(selectAccount(stage.ctx, stage.vault, 'google', 'exec')).rejects.toMatchObject({
      hint: expect.stringMatching(
        /^name one of them, for example: vault exec 'google\/a'\\''b' -- PROGRAM\n/,
      ),
    });
    await expect(chosen(null)).rejects.toMatchObject({
      message: expect.stringMatching(/^there are several accounts: /),
    });
  });

  it('shortens a long list in the message and keeps it whole in the details', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `google/${String(index).padStart(2, '0')}`);
    await add(...names);
    await expect(chosen('google')).rejects.toMatchObject({
      message: expect.stringMatching(/google\/19, …$/),
      details: { accounts: names },
    });
  });

  it('suggests the list for an account that does not exist', async () => {
    await add('google/work');
    await expect(chosen('google/home')).rejects.toMatchObject({
      code: 'account_not_found',
      message: 'there is no account google/home',
      hint: 'vault list',
    });
  });

  it.each([
    ['gogle', 'google/work'],
    ['GOOGLE/w', 'google/work'],
    ['wor', 'google/work or microsoft/work'],
    ['google/wrok', 'google/work'],
    ['alcie@example.com', 'microsoft/alice@example.com'],
  ])('suggests the names that %s may mean', async (selector, guesses) => {
    await add('google/work', 'microsoft/work', 'microsoft/alice@example.com');
    await expect(chosen(selector)).rejects.toMatchObject({
      code: 'account_not_found',
      hint: `did you mean ${guesses}? to list them: vault list`,
    });
  });

  const READY = { clientId: 'id-example', issuer: 'https://id.example.com' };
  it.each([
    ['google', 'you are not logged in to google, which is not set up yet', 'setup google'],
    ['work', 'you are not logged in to work', 'login work'],
    ['work/ada', 'there is no account work/ada: you are not logged in to work', 'login work'],
    ['wrok', 'there is no account wrok', 'login work'],
    [null, 'there is no account in this vault yet', 'login work'],
    ['other', 'there is no account other, and none in this vault yet', 'login work'],
  ])('says for %s, of which there is no account, what to type first', async (selector, message, line) => {
    if (selector !== 'other') await stage.add({ provider: 'microsoft', label: 'office' });
    const ctx = { ...stage.ctx, settings: async () => sources({ config: { providers: { work: READY } } }) };
    const vault = selector === null ? null : stage.vault;
    await expect(selectAccount(ctx, vault, selector, 'token')).rejects.toMatchObject({
      code: 'account_not_found',
      message,
      hint: expect.stringContaining(`vault ${line}`),
    });
  });

  it('treats an empty name as a mistake, not as the only account', async () => {
    await add('google/work');
    await expect(chosen('')).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('choosing several accounts', () => {
  it('returns each once, in the given order', async () => {
    await add('google/a', 'google/b', 'microsoft/c');
    const accounts = await selectAccounts(
      stage.ctx,
      stage.vault,
      ['mic', 'google/a', 'microsoft/c'],
      'refresh',
    );
    expect(accounts.map(accountName)).toEqual(['microsoft/c', 'google/a']);
  });

  it('fails as a whole if one of them does not exist', async () => {
    await add('google/a');
    await expect(selectAccounts(stage.ctx, stage.vault, ['google', 'x'], 'refresh')).rejects.toMatchObject({
      code: 'account_not_found',
    });
  });
});
