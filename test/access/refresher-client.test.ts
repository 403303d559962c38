import { describe, expect, it } from 'vitest';
import { askRefresher } from '../../src/access/refresher-client.js';
import { DONE, pauseLine, reportLine } from '../../src/access/refresher-protocol.js';
import type { Account } from '../../src/domain/account.js';
import type { Clock } from '../../src/system/contract.js';
import type { RefresherProcess } from '../../src/system/processes/refresher-process.js';
import type { Vault } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { NOW } from '../doubles/terminal.js';

/** A refresher process by hand: what it was told, and its answers. */
interface Child extends RefresherProcess {
  readonly orders: string[];
  left: boolean;
  finished: boolean;
  print(line: string): void;
}

function child(): Child {
  const lines: string[] = [];
  let wake = () => {};
  let ended = false;
  const self: Child = {
    orders: [],
    left: false,
    finished: false,
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
    finish() {
      self.finished = true;
    },
    detach() {
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
const patient = { now: () => NOW, elapsed: () => NOW, sleep: (_: number) => new Promise<void>(() => {}) };
/** To whom a while is nothing, and a long time endless. */
const hasty = { ...patient, sleep: (ms: number) => (ms < 60_000 ? Promise.resolve() : patient.sleep(ms)) };
const VAULT = { account: async () => null } as unknown as Vault;
const ADA = accountExample({ id: 'id-ada' });
const GRACE = accountExample({ id: 'id-grace' });

function asker(clock: Clock = patient) {
  const children: Child[] = [];
  const notices: string[] = [];
  const parts = {
    host: { self: ['node', 'vault.js'] as const, env: { HOME: '/home/ada', GOOGLE_CLIENT_SECRET: 'secret' } },
    ...{ profile: null, envFile: null, clock, interruption: new AbortController().signal },
    key: async () => ({ reference: 'master/1', key: Buffer.alloc(32) }),
    notice: (line: string) => void notices.push(line),
  };
  const refresher = askRefresher(parts, { concurrency: 3 }, (_, __, env) => {
    expect(env).toEqual({ HOME: '/home/ada' });
    const started = child();
    children.push(started);
    return started;
  });
  const refresh = (account: Account, onPause = (_: number) => {}) =>
    refresher.refresh(VAULT, account, { policy: 'long', evenIfOpen: false, timeout: 240_000, onPause });
  const ordered = (count: number) =>
    expect.poll(() => children.reduce((sum, { orders }) => sum + orders.length - 1, 0)).toBe(count);
  return { refresher, refresh, children, ordered, notices };
}

const done = (account: Account) => reportLine(account.id, { kind: 'refreshed', account });

describe('asking a refresher process', () => {
  it('passes on a pause to the caller whose account it is, and waits for the report', async () => {
    const { refresh, children, ordered } = asker();
    const pauses: [string, number][] = [];
    const ada = refresh(ADA, (length) => pauses.push(['ada', length]));
    const grace = refresh(GRACE, (length) => pauses.push(['grace', length]));
    await ordered(2);
    children[0]?.print(pauseLine(GRACE.id, 30_000));
    for (const account of [ADA, GRACE]) children[0]?.print(done(account));
    expect([(await ada).kind, (await grace).kind]).toEqual(['refreshed', 'refreshed']);
    expect(pauses).toEqual([['grace', 30_000]]);
  });

  it('sends client settings over stdin, because others can read an environment', async () => {
    const { refresh, children, ordered } = asker();
    void refresh(ADA);
    await ordered(1);
    expect(JSON.parse(children[0]?.orders[0] ?? '')).toMatchObject({
      concurrency: 3,
      settings: { GOOGLE_CLIENT_SECRET: 'secret' },
      key: { reference: 'master/1' },
    });
  });

  it('uses one process as long as a caller waits for it', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const [ada, grace] = [refresh(ADA), refresh(GRACE)];
    await ordered(2);
    children[0]?.print(done(ADA));
    expect(await ada).toMatchObject({ kind: 'refreshed' });
    refresher.release();
    expect(children.map(({ left }) => left)).toEqual([false]);
    children[0]?.print(done(GRACE));
    await grace;
    refresher.release();
    expect(children.map(({ left }) => left)).toEqual([true]);
  });

  it('starts the process ahead, and sends it nothing until an account is refreshed', async () => {
    const { refresher, refresh, children, ordered } = asker();
    refresher.prepare();
    refresher.prepare();
    expect(children.map(({ orders }) => orders)).toEqual([[]]);
    void refresh(ADA);
    await ordered(1);
    expect(children).toHaveLength(1);
  });

  it('detaches a process that was not used, without waiting for its end', async () => {
    const { refresher, children } = asker();
    refresher.prepare();
    await refresher.close();
    expect(children.map(({ orders, left, finished }) => ({ orders, left, finished }))).toEqual([
      { orders: [], left: true, finished: false },
    ]);
  });

  it('starts another process when the one started ahead has ended', async () => {
    const { refresher, refresh, children } = asker();
    refresher.prepare();
    children[0]?.detach();
    await new Promise(setImmediate);
    void refresh(ADA);
    await expect.poll(() => children[1]?.orders.length).toBe(2);
  });

  it('starts another process after it has detached one', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const first = refresh(ADA);
    await ordered(1);
    children[0]?.print(done(ADA));
    await first;
    refresher.release();
    const second = refresh(ADA);
    await ordered(2);
    // The first process' lines end only now.
    await new Promise((resolve) => setImmediate(resolve));
    children[1]?.print(done(ADA));
    expect(await second).toMatchObject({ kind: 'refreshed' });
  });

  it('waits for the end of a process with nothing in flight', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const asked = refresh(ADA);
    await ordered(1);
    children[0]?.print(done(ADA));
    await asked;
    let closed = false;
    const closing = refresher.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ closed, ...children[0] }).toMatchObject({ closed: false, finished: true, left: false });
    children[0]?.print(DONE);
    await closing;
    expect(children[0]?.left).toBe(true);
  });

  it('does not wait for a process with a refresh in flight', async () => {
    const { refresher, refresh, children, ordered } = asker();
    const asked = refresh(ADA);
    await ordered(1);
    await refresher.close();
    expect(children[0]).toMatchObject({ finished: false, left: true });
    expect(await asked).toMatchObject({ kind: 'transient' });
  });

  it('does not wait for ever for a process that was stopped', async () => {
    const { refresher, refresh, children, ordered } = asker(hasty);
    const asked = refresh(ADA);
    await ordered(1);
    children[0]?.print(done(ADA));
    await asked;
    await refresher.close();
    expect(children[0]).toMatchObject({ finished: true, left: true });
  });

  it.each([
    ['none', 10_000, 0],
    ['short', 130_000, 1],
    ['long', 240_000, 1],
  ] as const)('waits for a provider %s %i ms, and prints a notice', async (policy, timeout, told) => {
    const slept: number[] = [];
    const clock = { ...patient, sleep: async (ms: number) => void slept.push(ms) };
    const { refresher, notices } = asker(clock);
    const outcome = await refresher.refresh(VAULT, ADA, { policy, evenIfOpen: false, timeout });
    expect(outcome).toMatchObject({
      kind: 'busy',
      error: {
        message: expect.stringContaining('the provider has not answered yet'),
        hint: expect.stringContaining(
          'the refresh continues in the background; try again in a moment: vault token google/alice@example.com\n',
        ),
      },
    });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBe(timeout);
    expect(notices).toHaveLength(told);
  });

  it('does not count the time that an order waits for its turn', async () => {
    let counting = 0;
    const sleep = (ms: number) => {
      counting += 1;
      return patient.sleep(ms);
    };
    const { refresh, children, ordered } = asker({ ...patient, sleep });
    const first = refresh(ADA);
    for (const id of ['b', 'c', 'd']) void refresh(accountExample({ id }));
    await ordered(4);
    expect(counting).toBe(3);
    children[0]?.print(done(ADA));
    await first;
    await expect.poll(() => counting).toBe(4);
  });

  it('reports each waiting account when the process ends without a report', async () => {
    const { refresh, children, ordered } = asker();
    const asked = refresh(ADA);
    await ordered(1);
    children[0]?.detach();
    expect(await asked).toMatchObject({ kind: 'transient', error: { code: 'refresh_interrupted' } });
  });
});
