import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.js';

describe("the machine's clock", () => {
  it('returns milliseconds since the epoch', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect([now >= before, now <= Date.now(), Number.isInteger(now)]).toEqual([true, true, true]);
  });

  it('sleeps, and lets other work run', async () => {
    const order: string[] = [];
    const slept = systemClock.sleep(5).then(() => order.push('awake'));
    setImmediate(() => order.push('others'));
    await slept;
    expect(order).toEqual(['others', 'awake']);
  });

  it('ends a sleep with the signal’s reason, and begins none after an abort', async () => {
    const reason = new Error('interrupted');
    const aborting = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, aborting.signal);
    aborting.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock.sleep(3_600_000, aborting.signal)).rejects.toBe(reason);
  });

  it('removes its listener from a signal after the sleep', async () => {
    const aborting = new AbortController();
    await systemClock.sleep(1, aborting.signal);
    aborting.abort(new Error('too late'));
    await expect(systemClock.sleep(1)).resolves.toBeUndefined();
  });
});
