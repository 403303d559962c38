import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/domain/audit-events.js';
import { MINUTE, SECOND } from '../../../src/domain/duration.js';
import { slowDownLogins } from '../../../src/services/login/login.js';
import type { EventQueue } from '../../../src/stores/audit-queue.js';
import type { TrailTable } from '../../../src/stores/contract.js';

const NOW = Date.UTC(2026, 2, 1, 12);

const NO_TRAIL = { before: async () => [] } as unknown as TrailTable;

async function slowedBy(started: number, { provider = 'demo', finished = 0 } = {}) {
  const lines = (count: number, event: string) =>
    Array.from({ length: count }, (_, n) => {
      const time = new Date(NOW - n * MINUTE).toISOString();
      return `- ${JSON.stringify({ time, event, provider: 'demo' })}`;
    });
  const peek = () => [...lines(started, 'login_started'), ...lines(finished, 'login_finished')];
  const queue = { peek } as unknown as EventQueue;
  const events: AuditEvent[] = [];
  const notices: string[] = [];
  const pauses: number[] = [];
  const clock = { now: () => NOW, elapsed: () => NOW, sleep: async (time: number) => void pauses.push(time) };
  const audit = { record: (event: AuditEvent) => void events.push(event) };
  const notice = (text: string) => void notices.push(text);
  const { signal: interruption } = new AbortController();
  const ctx = { events: { queue }, clock, audit, notice, interruption };
  await slowDownLogins(ctx, { trail: NO_TRAIL }, provider);
  return { slept: pauses.reduce((sum, pause) => sum + pause, 0), events, notices };
}

describe('logins at one provider', () => {
  it.each([
    [0, 0],
    [9, 0],
    [10, SECOND],
    [12, 4 * SECOND],
    [50, 30 * SECOND],
  ])('are delayed after %i failed ones within an hour: by %i ms', async (count, pause) => {
    expect((await slowedBy(count)).slept).toBe(pause);
  });

  it('that were finished do not delay the next one', async () => {
    expect((await slowedBy(30, { finished: 25 })).slept).toBe(0);
  });

  it('that are delayed are reported and recorded', async () => {
    const { events, notices } = await slowedBy(11);
    expect(events).toEqual([{ event: 'logins_slowed', provider: 'demo', count: 11 }]);
    expect(notices).toEqual([expect.stringContaining('11 logins at demo')]);
  });

  it('do not delay those at another provider', async () => {
    expect(await slowedBy(50, { provider: 'other' })).toEqual({ slept: 0, events: [], notices: [] });
  });
});
