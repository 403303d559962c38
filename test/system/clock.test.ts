import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.js';

describe("the machine's clock", () => {
  it('tells milliseconds since the epoch', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect([now >= before, now <= Date.now(), Number.isInteger(now)]).toEqual([true, true, true]);
  });

  it('sleeps, and gives others their turn', async () => {
    const order: string[] = [];
    const slept = systemClock.sleep(5).then(() => order.push('awake'));
    setImmediate(() => order.push('others'));
    await slept;
    expect(order).toEqual(['others', 'awake']);
  });

  it('is woken with the reason of the signal, and does not fall asleep when it was aborted before', async () => {
    const reason = new Error('interrupted');
    const aborting = new AbortController();
    const sleeping = systemClock.sleep(3_600_000, aborting.signal);
    aborting.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(systemClock.sleep(3_600_000, aborting.signal)).rejects.toBe(reason);
  });

  it('keeps nothing of a signal once it is awake', async () => {
    const aborting = new AbortController();
    await systemClock.sleep(1, aborting.signal);
    aborting.abort(new Error('too late'));
    await expect(systemClock.sleep(1)).resolves.toBeUndefined();
  });
});
