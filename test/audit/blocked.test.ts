import { describe, expect, it } from 'vitest';
import { blockedSince } from '../../src/audit/abuse.js';
import type { EventQueue } from '../../src/stores/audit-queue.js';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ALARM = { event: 'integrity_alarm', code: 'vault_rolled_back' };

/** @param events oldest first, a minute apart */
function found(...events: readonly Readonly<Record<string, unknown>>[]): Promise<number | null> {
  const lines = events.map((said, index) => {
    const time = new Date(NOW - (events.length - index) * 60_000).toISOString();
    return `proof ${JSON.stringify({ ...said, time })}`;
  });
  return blockedSince(null, { peek: () => lines } as Partial<EventQueue> as EventQueue, NOW);
}

describe('a vault in which nothing is refreshed', () => {
  it('is known from the last alarm', async () => {
    expect(await found({ event: 'refreshed' }, ALARM, { event: 'token_given' })).toBe(NOW - 120_000);
    expect(await found({ ...ALARM, code: 'vault_cloned' })).toBe(NOW - 60_000);
  });

  it.each<[string, Readonly<Record<string, unknown>>[]]>([
    ['was accepted', [ALARM, { event: 'rollback_accepted' }]],
    ['was refreshed', [ALARM, { event: 'refreshed' }]],
    ['has one damaged account', [{ ...ALARM, code: 'vault_damaged' }]],
    ['has no events', []],
  ])('is not one that %s', async (_, events) => {
    expect(await found(...events)).toBeNull();
  });
});
