import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { isTroubled, pauseAfter, socketKeeper, waitUntil } from '../../../src/services/agent/agent.js';
import type { AgentCheck, AgentEvent } from '../../../src/services/agent/agent-report.js';
import { accountExample } from '../../doubles/account.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';

const never = new AbortController().signal;
const CHECK: AgentCheck = { at: NOW, accounts: 1, loginNeeded: 0, results: [], error: null };

describe('the pause between two checks', () => {
  it.each([
    ['after a good one', 0, 5 * MINUTE],
    ['after a first failure', 1, 30 * SECOND],
    ['after a second', 2, MINUTE],
    ['after a fourth', 4, 4 * MINUTE],
    ['after many', 40, 5 * MINUTE],
  ])('%s is correct within ten percent', (_, troubled, expected) => {
    const pauses = Array.from({ length: 200 }, () => pauseAfter(troubled, 5 * MINUTE));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0.9 * expected);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1.1 * expected);
    expect(new Set(pauses).size).toBeGreaterThan(100);
  });

  it.each([
    ['transient', true],
    ['busy', true],
    ['refreshed', false],
    ['login_needed', false],
    ['refused', false],
  ] as const)('is shorter after the outcome %s: %s', (outcome, expected) => {
    const result = { account: accountExample(), outcome, reason: 'example', error: null };
    expect(isTroubled({ ...CHECK, results: [result] })).toBe(expected);
  });

  it('is shorter if nothing could be done at all', () => {
    expect(isTroubled({ ...CHECK, error: new VaultError('key_locked', 'locked') })).toBe(true);
    expect(isTroubled(CHECK)).toBe(false);
  });
});

describe('waiting for a time', () => {
  it('takes short steps to it, and none beyond', async () => {
    const clock = clockDouble(NOW);
    await waitUntil(clock, NOW + 50 * SECOND, never);
    expect(clock.slept).toEqual([15 * SECOND, 15 * SECOND, 15 * SECOND, 5 * SECOND]);
  });

  it('ends as soon as a suspended machine wakes up after it', async () => {
    const clock = clockDouble(NOW);
    clock.onSleep = () => {
      if (clock.slept.length === 2) clock.advance(8 * HOUR);
    };
    await waitUntil(clock, NOW + 5 * MINUTE, never);
    expect(clock.slept).toHaveLength(2);
  });

  it('continues if a suspended machine wakes up before it', async () => {
    const clock = clockDouble(NOW);
    clock.onSleep = () => {
      if (clock.slept.length === 1) clock.advance(MINUTE);
    };
    await waitUntil(clock, NOW + 2 * MINUTE, never);
    expect(clock.now()).toBe(NOW + 2 * MINUTE);
  });

  it('ends when the clock is set back', async () => {
    const clock = clockDouble(NOW);
    clock.onSleep = () => clock.advance(-HOUR);
    await waitUntil(clock, NOW + 5 * MINUTE, never);
    expect(clock.slept).toHaveLength(1);
  });

  it('ends when it is interrupted', async () => {
    const clock = clockDouble(NOW);
    const interruption = new AbortController();
    clock.onSleep = () => interruption.abort(new VaultError('terminated', 'terminated'));
    await expect(waitUntil(clock, NOW + 5 * MINUTE, interruption.signal)).rejects.toMatchObject({
      code: 'terminated',
    });
  });
});

describe('the keeper of the socket', () => {
  it('reports once that another user has the place, and when the socket is back', async () => {
    const error = new VaultError('vault_permissions', 'the folder belongs to another user');
    const tries = [null, error, error, '/run/second.sock', null];
    const open = {
      path: '/tmp/first.sock',
      async ensureSocket() {
        const next = tries.shift();
        if (next instanceof VaultError) throw next;
        open.path = next ?? open.path;
      },
    };
    const events: AgentEvent[] = [];
    const ensure = socketKeeper(open, (event) => void events.push(event));
    while (tries.length > 0) await ensure();
    expect(events).toEqual([
      { kind: 'socket', socket: null, error },
      { kind: 'socket', socket: '/run/second.sock', error: null },
    ]);
  });

  it('passes on a bug', async () => {
    const open = { path: '/tmp/first.sock', ensureSocket: () => Promise.reject(new TypeError('a bug')) };
    await expect(socketKeeper(open, () => {})()).rejects.toThrow('a bug');
  });
});
