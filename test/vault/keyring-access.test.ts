import { describe, expect, it } from 'vitest';
import type { DataKeyTable, VaultHead } from '../../src/stores/contract.js';
import { freshDataKeys, wrapDataKeys } from '../../src/vault/data-keys.js';
import type { Guard } from '../../src/vault/guard.js';
import { type Keyring, openKeyring } from '../../src/vault/keyring.js';
import { createKeyringAccess } from '../../src/vault/keyring-access.js';
import { createHead } from '../../src/vault/new-vault.js';

const MASTER = Buffer.alloc(32, 3);
const VAULT = Buffer.alloc(16, 4);
const aad = Buffer.from('additional data');

/** A key table to which new data keys come, and everything that was opened with it. */
function stage() {
  let head = createHead(VAULT, 'file', MASTER, 1);
  const [row] = head.masterKeys;
  if (row === undefined) throw new Error('no master key');
  const opened: Keyring[] = [];
  const read = { heads: 0 };
  let version = 1;
  const hand = createKeyringAccess({
    store: {
      async head(): Promise<VaultHead> {
        read.heads += 1;
        return head;
      },
      account: async () => null,
      dataKeys: { version: async () => version } as DataKeyTable,
    },
    async unlock() {
      const keyring = openKeyring(head, row, MASTER);
      opened.push(keyring);
      return keyring;
    },
    guard: async () => ({}) as Guard,
  });
  return {
    hand,
    opened,
    read,
    /** As another process commits something. */
    commit() {
      version += 1;
    },
    replace() {
      version += 1;
      const fresh = freshDataKeys(Math.max(...head.wrappedKeys.map(({ dataKeyId }) => dataKeyId)), 2);
      head = { ...head, wrappedKeys: [...wrapDataKeys(VAULT, row.reference, MASTER, fresh)] };
    },
  };
}

const isWiped = (keyring: Keyring) => {
  try {
    keyring.seal('identity', aad, aad);
    return false;
  } catch {
    return true;
  }
};

describe('the keys of a vault', () => {
  it('are loaded once for all callers, and again if loading failed', async () => {
    const { hand, opened } = stage();
    await Promise.all([1, 2, 3].map(() => hand.using((keys) => keys.seal('identity', aad, aad))));
    expect(opened).toHaveLength(1);
    let fails = true;
    const failing = createKeyringAccess({
      store: {
        head: () => Promise.reject(new Error()),
        account: async () => null,
        dataKeys: {} as DataKeyTable,
      },
      unlock: async () => {
        if (fails) throw new Error('locked');
        return opened[0] as Keyring;
      },
      guard: async () => ({}) as Guard,
    });
    await expect(failing.using(() => 1)).rejects.toThrow('locked');
    expect(await failing.loaded()).toBeNull();
    fails = false;
    expect(await failing.using(() => 1)).toBe(1);
  });

  it('that were replaced are wiped as soon as they are unused', async () => {
    const { hand, opened, replace } = stage();
    let release = () => {};
    const long = hand.using(
      (keys) =>
        new Promise<Keyring>((resolve) => {
          release = () => resolve(keys);
        }),
    );
    await hand.using(() => 0);
    replace();
    await hand.renew();
    await hand.using(() => 0);
    expect(opened.map(isWiped)).toEqual([false, false]);
    release();
    await long;
    replace();
    await hand.renew();
    await hand.using(() => 0);
    expect(opened.map(isWiped)).toEqual([true, true, false]);
    await hand.wipe();
    expect(opened.map(isWiped)).toEqual([true, true, true]);
  });

  it('are compared with the key table again only after something was committed', async () => {
    const { hand, opened, read, commit, replace } = stage();
    for (let times = 0; times < 3; times += 1) await hand.renew();
    expect(read.heads).toBe(1);
    commit();
    for (let times = 0; times < 3; times += 1) await hand.renew();
    expect([read.heads, opened.length]).toEqual([2, 1]);
    replace();
    await Promise.all([hand.renew(), hand.renew()].map((each) => each.then(() => hand.using(() => 0))));
    expect(opened.map(isWiped)).toEqual([true, false]);
  });

  it('are not loaded again for a field that newer keys cannot open', async () => {
    const { hand, opened, replace } = stage();
    const sealed = await hand.using((keys) => keys.seal('identity', aad, aad));
    sealed.writeUInt16BE(77, 2);
    const open = (keys: Keyring) => keys.open('identity', sealed, aad, 'example');
    await expect(hand.using(open)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(opened).toHaveLength(1);
    replace();
    await expect(hand.using(open)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(opened).toHaveLength(2);
  });
});
