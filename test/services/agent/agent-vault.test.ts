import { beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { type AgentVault, agentVault } from '../../../src/services/agent/agent-vault.js';
import { sharedRefreshes } from '../../../src/services/agent/shared-refreshes.js';
import type { Vault } from '../../../src/vault/vault.js';
import { accountExample } from '../../doubles/account.js';

let file: string | null;
let log: string[];
let vault: AgentVault;
beforeEach(() => {
  file = 'first';
  log = [];
  let opened: string | null = null;
  vault = agentVault({
    open: async () => {
      if (file === null) return null;
      if (opened === null) log.push(`open ${file}`);
      opened ??= file;
      return { is: opened } as unknown as Vault;
    },
    close: async () => {
      log.push(`close ${opened}`);
      opened = null;
    },
    identity: () => file,
  });
});

const name = async (present: Vault | null) =>
  present === null ? null : (present as unknown as { is: string }).is;
const damaged = () =>
  Promise.reject(new VaultError('vault_damaged', 'sealed with a key that is not in the table'));

describe('the vault of an agent', () => {
  it('stays open from one call to the next', async () => {
    expect([await vault.use(name), await vault.use(name)]).toEqual(['first', 'first']);
    expect(log).toEqual(['open first']);
  });

  it('is noticed when it is made, removed and made again', async () => {
    file = null;
    expect(await vault.use(name)).toBeNull();
    file = 'first';
    expect(await vault.use(name)).toBe('first');
    file = null;
    expect(await vault.use(name)).toBeNull();
    file = 'second';
    expect(await vault.use(name)).toBe('second');
    expect(log).toEqual(['open first', 'close first', 'open second']);
  });

  it('is reopened when another file has replaced it, without disturbing running work', async () => {
    let finish = () => {};
    const first = vault.use(async (present) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      log.push('finished');
      return name(present);
    });
    await vault.use(name);
    file = 'second';
    const others = [vault.use(name), vault.use(name)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['open first']);
    finish();
    expect([await first, ...(await Promise.all(others))]).toEqual(['first', 'second', 'second']);
    expect(log).toEqual(['open first', 'finished', 'close first', 'open second']);
  });

  it('is read again once if something does not open: keys may have been rotated', async () => {
    await vault.use(name);
    let calls = 0;
    const rotated = () => {
      calls += 1;
      return calls === 1 ? damaged() : Promise.resolve('opened');
    };
    expect(await vault.use(rotated)).toBe('opened');
    expect(log).toEqual(['open first', 'close first', 'open first']);
    await expect(vault.use(damaged)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(log).toHaveLength(5);
  });

  it('is not read twice in a row for real damage, nor for other failures', async () => {
    await expect(vault.use(damaged)).rejects.toMatchObject({ code: 'vault_damaged' });
    await expect(
      vault.use(() => Promise.reject(new VaultError('login_needed', 'log in'))),
    ).rejects.toMatchObject({ code: 'login_needed' });
    expect(log).toEqual(['open first']);
  });

  it('is reopened on request, and closed at the end', async () => {
    await vault.use(name);
    vault.reopen();
    await vault.use(name);
    await vault.close();
    await vault.close();
    expect(log).toEqual(['open first', 'close first', 'open first', 'close first']);
  });
});

const VAULT = {} as Vault;
const ADA = accountExample({ id: 'id-ada' });
const GRACE = accountExample({ id: 'id-grace' });

/** Refreshes that end when they are told to. */
function slowRefreshes() {
  const begun: { readonly account: Account; readonly end: () => void }[] = [];
  const refresh = (_: Vault, account: Account) =>
    new Promise<RefreshOutcome>((resolve) => {
      begun.push({ account, end: () => resolve({ kind: 'refreshed', account }) });
    });
  return { begun, refresh };
}

describe('shared refreshes', () => {
  it('are one refresh per account, whoever asks and however', async () => {
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {});
    const [check, request] = [shared.by(refresh), shared.by(refresh)];
    const both = [check(VAULT, ADA), request(VAULT, ADA)];
    expect(shared.inFlight).toBe(1);
    begun[0]?.end();
    const [first, second] = await Promise.all(both);
    expect(first).toBe(second);
    expect(begun).toHaveLength(1);
    void request(VAULT, ADA);
    expect(begun).toHaveLength(2);
  });

  it('do not delay a caller that has a token; others wait to the end', async () => {
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {});
    const check = shared.by(refresh)(VAULT, ADA);
    const clock = { now: () => 0, elapsed: () => 0, sleep: async () => {} };
    const request = await shared.by(refresh, { clock, timeout: 10_000 })(VAULT, ADA);
    expect(request).toMatchObject({ kind: 'busy', error: { code: 'busy' } });
    expect([begun.length, shared.inFlight]).toEqual([1, 1]);
    begun[0]?.end();
    expect(await check).toMatchObject({ kind: 'refreshed' });
  });

  it('report when none is running any more, even after a failure', async () => {
    let idle = 0;
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {
      idle += 1;
    });
    const ada = shared.by(refresh)(VAULT, ADA);
    const grace = shared.by(() => Promise.reject(new Error('no')))(VAULT, GRACE);
    await expect(grace).rejects.toThrow('no');
    expect([shared.inFlight, idle]).toEqual([1, 0]);
    begun[0]?.end();
    await ada;
    expect([shared.inFlight, idle]).toEqual([0, 1]);
  });
});
