import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../../src/domain/duration.js';
import { TransportFailure } from '../../../src/domain/transport.js';
import { LONG_RETRIES, outages, sendWithRetries } from '../../../src/services/refresh/refresh-send.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { granted } from '../../doubles/token-answers.js';

const GRANTED = granted({ access_token: 'access-token-example' });

describe('unreachable hosts', () => {
  const clock = clockDouble(NOW);
  const away = new TransportFailure('refused', 'no', 'issuer.example');

  /** How often a refresh was tried, one after another in a process. */
  async function tries(of: ReturnType<typeof outages>, host: string, isAway = true): Promise<number> {
    let count = 0;
    const send = async () => {
      count += 1;
      if (isAway) throw away;
      return GRANTED;
    };
    await sendWithRetries(send, { policy: LONG_RETRIES, clock, mayResend: () => true, outage: of(host) });
    return count;
  }

  it('delay a bulk refresh once, not once per account', async () => {
    const of = outages();
    const counts = [];
    for (const host of ['a', 'a', 'b', 'c']) counts.push(await tries(of, host));
    expect(counts).toEqual([4, 1, 1, 1]);
  });

  it('are waited for each if another one was reached, so the network works', async () => {
    const of = outages();
    expect(await tries(of, 'a')).toBe(4);
    expect(await tries(of, 'b', false)).toBe(1);
    expect([await tries(of, 'a'), await tries(of, 'c')]).toEqual([1, 4]);
  });

  it('are waited for again once reached, or after a minute without a failure', async () => {
    const of = outages();
    expect(await tries(of, 'a')).toBe(4);
    await tries(of, 'a', false);
    expect(await tries(of, 'a')).toBe(4);
    clock.advance(MINUTE);
    expect(await tries(of, 'a')).toBe(4);
  });

  it('that recover in time are not given up by the accounts that wait', async () => {
    const of = outages();
    of('a').failed(clock.elapsed());
    clock.advance(7 * SECOND);
    expect(await tries(of, 'a')).toBeGreaterThan(1);
  });
});
