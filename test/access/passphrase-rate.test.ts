import { describe, expect, it } from 'vitest';
import { passphrasePause } from '../../src/access/passphrase.js';
import type { AuditEvent } from '../../src/domain/audit-events.js';
import { MINUTE, SECOND } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import type { EventQueue } from '../../src/stores/audit-queue.js';
import { clockDouble } from '../doubles/clock.js';

const NOW = Date.UTC(2026, 2, 1, 12);
const wrong = (key_source = 'passphrase', code = 'key_wrong') => ({ event: 'open_failed', code, key_source });

/** What has happened, the newest first, a minute apart. */
function stage(...said: readonly object[]) {
  const lines = said.map(
    (each, n) => `- ${JSON.stringify({ time: new Date(NOW - n * MINUTE).toISOString(), ...each })}`,
  );
  const queue = { peek: () => lines } as unknown as EventQueue;
  const clock = clockDouble(NOW);
  const events: AuditEvent[] = [];
  const notices: string[] = [];
  const interrupt = new AbortController();
  const turn = passphrasePause({
    trail: async () => null,
    queue,
    clock,
    audit: { record: (event) => void events.push(event) },
    notice: (text) => void notices.push(text),
    interruption: interrupt.signal,
  });
  return { turn, clock, events, notices, interrupt, lines };
}

const times = (count: number, said: object = wrong()) => Array.from({ length: count }, () => said);

async function pauseAfter(...said: readonly object[]): Promise<number> {
  const { turn, clock } = stage(...said);
  await turn();
  return clock.slept.reduce((sum, pause) => sum + pause, 0);
}

describe('a passphrase', () => {
  it.each([
    [0, 0],
    [2, 0],
    [3, SECOND],
    [5, 4 * SECOND],
    [14, 30 * SECOND],
  ])('after %i wrong ones is delayed by %i ms, and never refused', async (count, pause) => {
    expect(await pauseAfter(...times(count))).toBe(pause);
  });

  it('is delayed by wrong ones of the recovery file as well', async () => {
    expect(await pauseAfter(...times(2), ...times(2, wrong('recovery_file')))).toBe(2 * SECOND);
  });

  it.each([
    ['a key file that is not the vault’s', wrong('file')],
    ['a passphrase that was not given', wrong('passphrase', 'key_unavailable')],
    ['a token', { event: 'token_given' }],
  ])('is not delayed by %s', async (_what, said) => {
    expect(await pauseAfter(...times(10, said))).toBe(0);
  });

  it('is not delayed by attempts older than a quarter of an hour', async () => {
    expect(await pauseAfter(...times(14, {}), ...times(3))).toBe(0);
  });

  it('is not delayed by wrong ones before the vault was opened', async () => {
    expect(await pauseAfter({ event: 'token_given' }, ...times(9))).toBe(0);
    expect(await pauseAfter(...times(3), { event: 'token_given' }, ...times(9))).toBe(SECOND);
  });

  it('that is delayed is announced with the reason, and recorded', async () => {
    const { turn, events, notices } = stage(...times(4));
    await turn();
    expect(events).toEqual([{ event: 'passphrases_slowed', count: 4 }]);
    expect(notices).toEqual([
      expect.stringMatching(
        /^4 wrong passphrases .* is delayed by 2s; to see the earlier ones: vault audit --since 1h/,
      ),
    ]);
  });

  it('is delayed once in a command that needs it twice, and again when it was wrong', async () => {
    const { turn, clock, lines } = stage(...times(3));
    await turn();
    await turn();
    expect(clock.slept).toEqual([SECOND]);
    lines.push(lines[0] ?? '');
    await turn();
    expect(clock.slept).toEqual([SECOND, 2 * SECOND]);
  });

  it('is no longer delayed once the command is interrupted', async () => {
    const { turn, clock, interrupt } = stage(...times(3));
    clock.onSleep = () => interrupt.abort(new VaultError('interrupted', 'interrupted'));
    await expect(turn()).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('is not delayed when the trail cannot be read', async () => {
    const { clock } = stage();
    const turn = passphrasePause({
      trail: async () => Promise.reject(new VaultError('vault_damaged', 'damaged')),
      queue: { peek: () => [] } as unknown as EventQueue,
      clock,
      audit: { record: () => {} },
      notice: () => {},
      interruption: new AbortController().signal,
    });
    await turn();
    expect(clock.slept).toEqual([]);
  });
});
