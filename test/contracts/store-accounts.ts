import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountName } from '../../src/domain/account.js';
import type { AccountRef, NewVaultHead, Store, VaultHead } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import type { OpenStore, StoreStage } from './store-stage.js';

/** What every store promises of its head and its accounts; see stores/contract. */
export function accountsContract(name: string, open: OpenStore, head: NewVaultHead): void {
  describe(`the ${name} store`, () => {
    let stage: StoreStage;
    let store: Store;
    beforeEach(async () => {
      stage = await open(head);
      store = stage.store;
    });
    afterEach(() => stage.close());

    const named = (rows: readonly AccountRef[]) => rows.map(accountName);
    const names = async (prefix: string) => named(await store.namesBeginningWith(prefix));

    it('returns the head of the vault as it was written', async () => {
      const bytes = (each: Uint8Array) => Buffer.from(each).toString('hex');
      const readable = ({ vaultId, createdAt, masterKeys, wrappedKeys }: VaultHead) => ({
        vaultId: bytes(vaultId),
        createdAt,
        masterKeys: masterKeys.map((row) => ({ ...row, checkValue: bytes(row.checkValue) })),
        wrappedKeys: wrappedKeys.map((row) => ({ ...row, wrapped: bytes(row.wrapped) })),
      });
      expect(readable(await store.head())).toEqual(readable(head));
    });

    it('returns an account as it was stored, to every connection', async () => {
      const whole = sealedExample(1, {
        reason: 'why',
        lastError: 'network_failed',
        failures: 2,
        grantExpiresAt: 9,
      });
      const bare = sealedExample(2, {
        expiresAt: null,
        lastRefreshAt: null,
        hasRefreshToken: false,
        askedScopes: [],
        grantedScopes: [],
      });
      for (const account of [whole, bare]) expect(await store.insert(account, step)).toBe(true);
      const other = await stage.another();
      for (const account of [whole, bare]) {
        const { sealed, ...visible } = account;
        expect(await other.account(account.id)).toEqual(account);
        expect(await other.accountByName(account.provider, account.label)).toEqual(account);
        expect(await other.accountBySubject(account.provider, account.issuer, account.subjectDigest)).toEqual(
          account,
        );
        expect((await other.accounts()).find(({ id }) => id === account.id)).toEqual(visible);
      }
      await other.close();
    });

    it('returns nothing for accounts that do not exist', async () => {
      expect(await store.account('nobody')).toBeNull();
      expect(await store.accountByName('google', 'nobody')).toBeNull();
      expect(await store.accountBySubject('google', 'https://issuer.example', 'nobody')).toBeNull();
      expect(await store.accounts()).toEqual([]);
      expect(await store.consents('nobody')).toEqual([]);
      expect(await store.remove('nobody', step)).toBe(false);
      expect(await store.replace(sealedExample(1), 3, step)).toBe(false);
      expect(
        await store.recordAttempt('nobody', 1, {
          status: 'failing',
          reason: null,
          lastError: null,
          failures: 1,
          retryAt: null,
          updatedAt: 1,
          settled: true,
        }),
      ).toBe(false);
    });

    it('refuses a name, an identity or an id that is taken', async () => {
      const account = sealedExample(1);
      expect(await store.insert(account, step)).toBe(true);
      expect(await store.insert(sealedExample(2, { label: account.label }), step)).toBe(false);
      expect(await store.insert(sealedExample(2, { subjectDigest: account.subjectDigest }), step)).toBe(
        false,
      );
      expect(await store.insert(sealedExample(2, { id: account.id }), step)).toBe(false);
      expect(await store.accounts()).toHaveLength(1);
      // The same name at another provider, the same person at another issuer.
      expect(await store.insert(sealedExample(2, { provider: 'notion', label: account.label }), step)).toBe(
        true,
      );
      expect(
        await store.insert(
          sealedExample(3, { issuer: 'https://other.example', subjectDigest: account.subjectDigest }),
          step,
        ),
      ).toBe(true);
    });

    it('replaces an account only while its generation is the expected one', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const next = { ...sealedExample(1, { generation: 4, status: 'failing' }), label: 'renamed' };
      expect(await store.replace(next, 2, step)).toBe(false);
      expect(await store.account(account.id)).toEqual(account);
      expect(await store.replace(next, 3, step)).toBe(true);
      expect(await store.replace({ ...next, generation: 5 }, 3, step)).toBe(false);
      expect(await store.account(account.id)).toEqual(next);
    });

    it('lets one of two concurrent writers have a generation', async () => {
      await store.insert(sealedExample(1, { generation: 1 }), step);
      const other = await stage.another();
      const one = await Promise.all(
        [2, 3].map((n) => store.replace(sealedExample(1, { generation: 2, failures: n }), 1, step)),
      );
      const two = await Promise.all(
        [store, other].map((each) => each.replace(sealedExample(1, { generation: 3 }), 2, step)),
      );
      expect([one, two].map((results) => results.filter(Boolean).length)).toEqual([1, 1]);
      await other.close();
    });

    it('does not replace an account under a name that is taken', async () => {
      await store.insert(sealedExample(1), step);
      await store.insert(sealedExample(2), step);
      const { label } = sealedExample(1);
      expect(await store.replace(sealedExample(2, { label, generation: 4 }), 3, step)).toBe(false);
      expect(await store.account(sealedExample(2).id)).toEqual(sealedExample(2));
    });

    it('records an attempt and leaves generation and sealed fields alone', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const facts = {
        status: 'failing',
        reason: 'why',
        lastError: 'network_failed',
        failures: 4,
        retryAt: null,
        updatedAt: 77,
      } as const;
      const attempt = { ...facts, settled: true };
      expect(await store.recordAttempt(account.id, 2, attempt)).toBe(false);
      expect(await store.account(account.id)).toEqual(account);
      expect(await store.recordAttempt(account.id, 3, attempt)).toBe(true);
      expect(await store.account(account.id)).toEqual({ ...account, ...facts });
    });

    it('lists by provider and label, and finds names by their beginning', async () => {
      const labels = [
        'alice',
        'alice%',
        'alice_x',
        'alicex',
        'Alice',
        'älice',
        'al',
        '日本',
        '日本語',
        'a😀',
        'a😀b',
      ];
      for (const [index, label] of labels.entries())
        await store.insert(sealedExample(index, { label }), step);
      await store.insert(sealedExample(90, { provider: 'google2', label: 'alice' }), step);
      await store.insert(sealedExample(91, { provider: 'goo_le', label: 'alice' }), step);
      const of = (...found: string[]) => found.map((label) => `google/${label}`);

      expect(named(await store.accounts())).toEqual([
        'goo_le/alice',
        ...of(
          'Alice',
          'al',
          'alice',
          'alice%',
          'alice_x',
          'alicex',
          'a😀',
          'a😀b',
          'älice',
          '日本',
          '日本語',
        ),
        'google2/alice',
      ]);
      expect(await names('')).toHaveLength(13);
      expect(await names('google/alice')).toEqual(of('alice', 'alice%', 'alice_x', 'alicex'));
      expect(await names('google/alice%')).toEqual(of('alice%'));
      expect(await names('google/alice_')).toEqual(of('alice_x'));
      expect(await names('google/ä')).toEqual(of('älice'));
      expect(await names('google/日本')).toEqual(of('日本', '日本語'));
      expect(await names('google/a😀')).toEqual(of('a😀', 'a😀b'));
      expect(await names('goo_')).toEqual(['goo_le/alice']);
      expect(await names('google2')).toEqual(['google2/alice']);
      expect((await names('google')).length).toBe(12);
      expect(await names('google/nobody')).toEqual([]);
      expect(named(await store.accounts('goo_le'))).toEqual(['goo_le/alice']);
      expect(await store.accounts('goo')).toEqual([]);
      const listed: string[] = [];
      for await (const piece of store.accountsAsJson(null))
        for (const each of piece)
          listed.push(typeof each === 'string' ? JSON.parse(each).account : accountName(each));
      expect(listed).toEqual(named(await store.accounts()));
    });

    it('reads the rows in a range of ids, in byte order', async () => {
      const ids = ['A', 'ZZ', 'a0', 'a7-1', 'a7-2', 'a8', 'b', 'ff', 'z'];
      for (const [n, id] of ids.entries()) await store.insert(sealedExample(n, { id }), step);
      const read = async (from: string, before: string | null) =>
        (await store.rowSet({ from, before })).rows.map(({ id }) => id).sort();
      expect(await read('a7', 'a8')).toEqual(['a7-1', 'a7-2']);
      expect(await read('', 'a0')).toEqual(['A', 'ZZ']);
      expect(await read('b', null)).toEqual(['b', 'ff', 'z']);
      expect(await read('c', 'd')).toEqual([]);
      const { rows, ledger } = await store.rowSet({ from: 'ff', before: null });
      const { id, provider, label, generation } = sealedExample(7, { id: 'ff' });
      expect(rows[0]).toEqual({ id, provider, label, generation });
      expect(ledger).toEqual(await store.ledger());
      expect((await store.rowSet()).rows).toHaveLength(ids.length);
    });

    it('lists consents newest first, and deletes them with their account', async () => {
      const { id } = sealedExample(1);
      await store.insert(sealedExample(1), step);
      const consents = [
        { at: 5, how: 'browser', askedScopes: ['a', 'b'], grantedScopes: ['a'] },
        { at: 9, how: 'paste', askedScopes: [], grantedScopes: [] },
        { at: 9, how: 'device', askedScopes: ['c'], grantedScopes: ['c'] },
        { at: 1, how: 'browser', askedScopes: ['d'], grantedScopes: ['d'] },
      ] as const;
      for (const consent of consents) await store.addConsent(id, consent);
      expect(await store.consents(id)).toEqual([consents[2], consents[1], consents[0], consents[3]]);
      expect(await store.remove(id, step)).toBe(true);
      expect(await store.consents(id)).toEqual([]);
      // Another process has removed the account meanwhile: there is nothing a consent could belong to.
      await store.addConsent(id, consents[0]);
      expect(await store.consents(id)).toEqual([]);
    });

    it('has written everything to disk when it has closed', async () => {
      const writes = Array.from({ length: 20 }, (_, n) => store.insert(sealedExample(n), step));
      const other = await stage.another();
      await store.close();
      expect(await Promise.all(writes)).toEqual(Array(20).fill(true));
      expect(await other.accounts()).toHaveLength(20);
      await other.close();
    });
  });
}
