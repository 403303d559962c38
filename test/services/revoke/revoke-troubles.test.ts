import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { VaultError } from '../../../src/domain/errors.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { tamper } from '../../harness/tamper.js';
import { type RevokeTest, revokeTest } from './revoke-test.js';

let stage: RevokeTest;
let account: Account;
beforeEach(async () => {
  stage = await revokeTest();
  account = stage.work;
});
afterEach(() => stage.close());

const revoke = (...args: Parameters<RevokeTest['revoke']>) => stage.revoke(...args);
const there = () => stage.there();

describe('an account that cannot be opened', () => {
  beforeEach(() => {
    tamper(stage.paths.database, 'UPDATE accounts SET refresh_token = zeroblob(64)');
  });

  it('is not revoked and is kept', async () => {
    expect(await revoke()).toMatchObject([{ outcome: 'refused', error: { code: 'vault_damaged' } }]);
    expect(await there()).toBe(true);
    expect(stage.demo.requests.revoke).toBe(0);
  });

  it('can still be removed', async () => {
    expect(await revoke({ local: true })).toMatchObject([{ outcome: 'forgotten', error: null }]);
    expect(await there()).toBe(false);
  });
});

describe('an account in a vault whose key is gone', () => {
  it.each([false, true])('is kept, and the error says why; with --local: %s', async (local) => {
    let asked = 0;
    const vault = await stage.another({
      unlock: async () => {
        asked += 1;
        throw new VaultError('key_missing', 'the key file has no key', { hint: 'put it back' });
      },
    });
    expect(await revoke({ local }, { vault: async () => vault })).toMatchObject([
      {
        outcome: 'refused',
        error: {
          code: 'key_missing',
          message:
            'demo/work is still in the vault, because removing an account needs the key: the key file has no key',
          hint: 'put it back',
        },
      },
    ]);
    expect(await there()).toBe(true);
    expect(asked).toBe(1);
  });
});

describe('revoking beside other processes', () => {
  it('finds the account busy if it is locked for too long', async () => {
    const held = await stage.locks.acquire(account.id, 0);
    const locks = sqliteLocks(stage.paths.locks, stage.files, stage.clock);
    expect(await revoke({}, { locks })).toMatchObject([{ outcome: 'transient', error: { code: 'busy' } }]);
    await held.release();
    expect(await there()).toBe(true);
  });

  it('succeeds if another process has removed the account', async () => {
    const locks = {
      ...stage.locks,
      acquire: async (name: string, patience: number) => {
        await stage.vault.remove(account.id);
        return stage.locks.acquire(name, patience);
      },
    };
    expect(await revoke({}, { locks })).toMatchObject([
      { outcome: 'forgotten', reason: 'another process had removed it already' },
    ]);
    expect(stage.demo.requests.revoke).toBe(0);
  });

  it('reports what was done before an interruption, and does no more', async () => {
    // By name grace comes first; then the other account is waited for.
    const grace = await stage.logIn({}, { choice: { person: 'grace' } });
    const held = await stage.locks.acquire(account.id, 0);
    const controller = new AbortController();
    const revoking = revoke({ selectors: [], all: true }, { interruption: controller.signal });
    await expect.poll(() => stage.events).toContainEqual(expect.objectContaining({ event: 'revoked' }));
    controller.abort(new VaultError('interrupted', 'interrupted'));
    expect((await revoking).map((result) => result.account.id)).toEqual([grace.account.id]);
    await held.release();
    expect(await there()).toBe(true);
  });
});
