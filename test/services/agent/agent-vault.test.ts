import { beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { type AgentVault, agentVault } from '../../../src/services/agent/agent-vault.js';
import type { Vault } from '../../../src/vault/vault.js';

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

  it('is the new one once another file has taken its place, and nobody loses the old one at work', async () => {
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

  it('is read afresh, once, when something in it cannot be opened: its keys may have been rotated', async () => {
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

  it('is not read twice in a row for damage that is real, nor for other failures', async () => {
    await expect(vault.use(damaged)).rejects.toMatchObject({ code: 'vault_damaged' });
    await expect(
      vault.use(() => Promise.reject(new VaultError('login_needed', 'log in'))),
    ).rejects.toMatchObject({ code: 'login_needed' });
    expect(log).toEqual(['open first']);
  });

  it('is opened afresh when it is told to, and closed in the end', async () => {
    await vault.use(name);
    vault.reopen();
    await vault.use(name);
    await vault.close();
    await vault.close();
    expect(log).toEqual(['open first', 'close first', 'open first', 'close first']);
  });
});
