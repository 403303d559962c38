import { describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { askRefresher, type RefresherProcess } from '../../../src/services/refresh/ask-refresher.js';
import { reportLine } from '../../../src/services/refresh/refresher-protocol.js';
import type { Vault } from '../../../src/vault/vault.js';
import { accountExample } from '../../doubles/account.js';
import { NOW } from '../../doubles/terminal.js';

/** A refresher process by hand: what it was told, and its answers. */
interface Child extends RefresherProcess {
  readonly orders: string[];
  left: boolean;
  print(line: string): void;
}

function child(): Child {
  const lines: string[] = [];
  let wake = () => {};
  let ended = false;
  const self: Child = {
    orders: [],
    left: false,
    order: (line) => void self.orders.push(line),
    lines: (async function* () {
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) yield line;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    })(),
    leave() {
      self.left = true;
      ended = true;
      wake();
    },
    print(line) {
      lines.push(line);
      wake();
    },
  };
  return self;
}

/** Nobody is waited for so long here that the patience would matter. */
const clock = { now: () => NOW, sleep: () => new Promise<void>(() => {}) };
const VAULT = { account: async () => null } as unknown as Vault;
const ADA = accountExample({ id: 'id-ada' });
const GRACE = accountExample({ id: 'id-grace' });

function asker() {
  const children: Child[] = [];
  const refresher = askRefresher({
    key: async () => ({ key: Buffer.alloc(32) }) as never,
    start: () => {
      const started = child();
      children.push(started);
      return started;
    },
    clock,
    interruption: new AbortController().signal,
  });
  const refresh = (account: Account) => refresher.refresh(VAULT, account, 'thorough');
  const ordered = (count: number) =>
    expect.poll(() => children.reduce((sum, { orders }) => sum + orders.length, 0)).toBe(count);
  return { refresher, refresh, children, ordered };
}

const done = (account: Account) => reportLine(account.id, { kind: 'refreshed', account });

describe('asking a refresher process', () => {
  it('goes on with one process for as long as somebody waits for it', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const [ada, grace] = [refresh(ADA), refresh(GRACE)];
    await ordered(2);
    children[0]?.print(done(ADA));
    expect(await ada).toMatchObject({ kind: 'refreshed' });
    refresher.rest();
    expect(children.map(({ left }) => left)).toEqual([false]);
    children[0]?.print(done(GRACE));
    await grace;
    refresher.rest();
    expect(children.map(({ left }) => left)).toEqual([true]);
  });

  it('starts another process after it has let go of one, whose end is none of its business any more', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const first = refresh(ADA);
    await ordered(1);
    children[0]?.print(done(ADA));
    await first;
    refresher.rest();
    const second = refresh(ADA);
    await ordered(2);
    // The first process' lines end only now.
    await new Promise((resolve) => setImmediate(resolve));
    children[1]?.print(done(ADA));
    expect(await second).toMatchObject({ kind: 'refreshed' });
  });

  it('reports who was waiting when the process ends without a word', async () => {
    const { refresh, children, ordered } = asker();
    const asked = refresh(ADA);
    await ordered(1);
    children[0]?.leave();
    expect(await asked).toMatchObject({ kind: 'transient', error: { code: 'refresh_interrupted' } });
  });
});
