import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listDocument } from '../../src/commands/list.js';
import type { Account } from '../../src/domain/account.js';
import { YEAR_10000 } from '../../src/domain/time.js';
import type { Store } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { tamper } from '../harness/tamper.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

/* `list --json` is written by SQL: here it is compared with what JavaScript writes of the same rows, byte for byte. */

let folder: VaultFolder;
let store: Store;
beforeAll(async () => {
  folder = vaultFolder();
  store = await folder.factory.create(headExample());
});
afterEach(() => tamper(folder.paths.database, 'DELETE FROM accounts'));
afterAll(async () => {
  await store.close();
  folder.remove();
});

async function add(accounts: readonly Partial<Account>[]): Promise<void> {
  const added = await Promise.all(accounts.map((given, n) => store.insert(sealedExample(n, given), step)));
  expect(added).not.toContain(false);
}

/** One more than a piece holds, with the labels 10000 to 11000, added from the last to the first. */
async function addMany(): Promise<void> {
  await add([{ label: '11000' }]);
  tamper(
    folder.paths.database,
    `CREATE TEMP TABLE many AS WITH RECURSIVE numbers (n) AS (SELECT 10999 UNION ALL SELECT n - 1 FROM numbers WHERE n > 10000)
       SELECT accounts.*, n FROM accounts, numbers ORDER BY n DESC;
     UPDATE many SET id = printf('00000000-0000-4000-8000-%012d', n), label = n, subject_digest = n;
     ALTER TABLE many DROP COLUMN n;
     INSERT INTO accounts SELECT * FROM many`,
  );
}

async function joined(pieces: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

async function* one(piece: readonly Account[]) {
  yield piece;
}

async function bothWays(provider: string | null = null) {
  const bySql = await joined(listDocument(store.accountsAsJson(provider)));
  const byJavaScript = await joined(listDocument(one(await store.accounts(provider))));
  return { bySql, byJavaScript };
}

async function expectTheSame(): Promise<void> {
  const { bySql, byJavaScript } = await bothWays();
  expect(bySql).toBe(byJavaScript);
}

async function madeBySql(): Promise<boolean[]> {
  const made: boolean[] = [];
  for await (const piece of store.accountsAsJson(null))
    made.push(...piece.map((each) => typeof each === 'string'));
  return made;
}

const TEXTS = [
  '',
  ' ',
  '"',
  '\\',
  "'",
  '/',
  'a/b',
  '%',
  '\b\t\n\f\r\u0000\u0001\u001f\u007f',
  '\u0080\u009b\u00a0\u200b\u202e\u2028\u2029\ufeff\uffff',
  'älice 日本語 😀 👩‍👩‍👧 e\u0301',
  '{"a":[1,null]}',
  'x'.repeat(5_000),
];
const MOMENTS = [
  ...[0, 1, 9, 10, 99, 100, 999, 1_000, 59_999, 60_000, 86_399_999, 86_400_000],
  ...[-1, -86_400_000, YEAR_10000 - 1, YEAR_10000, YEAR_10000 + 1],
  ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  ...[Date.UTC(2000, 1, 29), Date.UTC(2100, 1, 28, 23, 59, 59, 999), Date.UTC(2026, 11, 31, 23, 59, 59, 1)],
];

describe('the documents of accounts, written by SQL', () => {
  it('equal what JavaScript writes for every odd text', async () => {
    await add(
      TEXTS.flatMap((text, n): Partial<Account>[] => [
        { label: text },
        { provider: `p${text}` },
        { issuer: text, reason: text, lastError: text, label: `other-${n}` },
      ]),
    );
    await expectTheSame();
    expect(await madeBySql()).not.toContain(false);
  });

  it('equal what JavaScript writes for every odd moment', async () => {
    await add(
      [null, ...MOMENTS].flatMap((at): Partial<Account>[] => [
        { expiresAt: at, grantExpiresAt: null, lastRefreshAt: at },
        { grantExpiresAt: at, createdAt: at ?? 0, updatedAt: at ?? 0, hasRefreshToken: false },
      ]),
    );
    await expectTheSame();
    expect(await madeBySql()).not.toContain(false);
  });

  it.each([
    ['the same', 'openid email', 'openid email', true],
    ['none', '', '', true],
    ['more than asked', 'openid email', 'openid email https://example.com/mail', true],
    ['very long ones', 'x'.repeat(9_000), 'x'.repeat(9_000), true],
    ['with quotes and backslashes', '"a\\ b"', '"a\\ b"', true],
    ['less than asked', 'openid email profile', 'openid', false],
    ['one that begins like one asked', 'mail', 'mail.read', false],
    ['in another order', 'a b', 'b a', false],
    ['twice asked for', 'a a b', 'c', false],
    ['though none was asked', '', 'a', false],
  ])('equal what JavaScript writes for granted scopes: %s', async (_, asked, granted, bySql) => {
    const words = (text: string) => (text === '' ? [] : text.split(' '));
    await add([{ askedScopes: words(asked), grantedScopes: words(granted) }]);
    await expectTheSame();
    expect(await madeBySql()).toEqual([bySql]);
  });

  it('equal what JavaScript writes for any account', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const scopes = fc.array(fc.stringMatching(/^[\x21-\x7e]{1,9}$/), { maxLength: 4 });
    const at = fc.integer({ min: -1, max: YEAR_10000 + 1 });
    const any = fc.record({
      issuer: text,
      reason: fc.option(text),
      askedScopes: scopes,
      grantedScopes: scopes,
      expiresAt: fc.option(at),
      createdAt: at,
    });
    await add(fc.sample(any, 300).map((given, n) => ({ ...given, label: `${n}` })));
    await expectTheSame();
  });

  it('come in pieces, in the order of the names', async () => {
    await addMany();
    const sizes: number[] = [];
    for await (const piece of store.accountsAsJson(null)) sizes.push(piece.length);
    expect(sizes).toEqual([1_000, 1]);
    await expectTheSame();
  });

  it('are limited to one provider on request', async () => {
    await add([{ provider: 'a' }, { provider: 'b' }, { provider: 'ab' }]);
    const { bySql, byJavaScript } = await bothWays('a');
    expect(bySql).toBe(byJavaScript);
    expect(JSON.parse(bySql).accounts).toHaveLength(1);
    expect(await bothWays('c')).toEqual({ bySql: '{"accounts":[]}', byJavaScript: '{"accounts":[]}' });
  });

  it('leave out an account that is removed in the meantime', async () => {
    await addMany();
    const pieces = store.accountsAsJson(null)[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toHaveLength(1_000);
    tamper(folder.paths.database, "DELETE FROM accounts WHERE label = '11000'");
    expect((await pieces.next()).value).toEqual([]);
  });

  it.each([
    ["status = 'asleep'", 'status'],
    ["id = '../../elsewhere-elsewhere-elsewhere'", 'id'],
    ['generation = 9007199254740993', 'generation'],
    ['retry_at = -9223372036854775808', 'retry_at'],
  ])('are not begun if the last of many has %s', async (work, column) => {
    await addMany();
    tamper(folder.paths.database, `UPDATE accounts SET ${work} WHERE label = '11000'`);
    const pieces = store.accountsAsJson(null)[Symbol.asyncIterator]();
    await expect(pieces.next()).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining(`column ${column}`),
    });
  });

  it('are written by JavaScript if an id is no UUID', async () => {
    await add([{ id: 'short' }]);
    await expectTheSame();
    expect(await madeBySql()).toEqual([false]);
  });
});
