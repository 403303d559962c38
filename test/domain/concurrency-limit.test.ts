import { describe, expect, it } from 'vitest';
import { createConcurrencyLimit } from '../../src/domain/concurrency-limit.js';
import { systemClock } from '../../src/system/clock.js';

const { signal } = new AbortController();
const REASON = new Error('interrupted');

describe('concurrency', () => {
  it('begin in the order of the calls, up to the limit at a time', async () => {
    const concurrency = createConcurrencyLimit(2, systemClock);
    const begun: number[] = [];
    const ends = [0, 1, 2, 3].map((n) =>
      concurrency.enter(signal).then((end) => {
        begun.push(n);
        return end;
      }),
    );
    const end = await ends[0];
    await ends[1];
    expect(begun).toEqual([0, 1]);
    end?.();
    // A second call ends nobody else's.
    end?.();
    await ends[2];
    await new Promise(setImmediate);
    expect(begun).toEqual([0, 1, 2]);
  });

  it('are not lost if a caller stops waiting or is interrupted', async () => {
    const concurrency = createConcurrencyLimit(1, systemClock);
    const end = await concurrency.enter(signal);
    const controller = new AbortController();
    const late = concurrency.enter(signal, 1);
    const stopped = concurrency.enter(controller.signal, 60_000);
    const next = concurrency.enter(signal);
    expect(await late).toBeNull();
    controller.abort(REASON);
    await expect(stopped).rejects.toBe(REASON);
    end?.();
    (await next)?.();
    expect(await concurrency.enter(signal, 0)).not.toBeNull();
  });

  it('do not begin after an interruption, even if one is free', async () => {
    await expect(createConcurrencyLimit(1, systemClock).enter(AbortSignal.abort(REASON))).rejects.toBe(
      REASON,
    );
  });
});
