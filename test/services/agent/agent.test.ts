import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../../src/domain/audit-events.js';
import { HOUR, MINUTE, SECOND } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { type AgentParts, runAgentOf } from '../../../src/services/agent/agent.js';
import type { AgentStatus } from '../../../src/services/agent/agent-report.js';
import { AGENT_LOCK, type AgentCheck, type AgentEvent } from '../../../src/services/agent/agent-report.js';
import type { ServedAnswer } from '../../../src/system/agent/agent-server.js';
import { accountExample } from '../../doubles/account.js';
import { type ClockDouble, clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

const REQUEST = { every: 5 * MINUTE, ahead: 10 * MINUTE, concurrency: 4 };
const GOOD: AgentCheck = { at: NOW, accounts: 1, loginNeeded: 0, results: [], error: null };
const STATUS = { pid: 4711, started_at: '2026-03-01T12:00:00.000Z' } as AgentStatus;

let folder: VaultFolder;
let clock: ClockDouble;
let interruption: AbortController;
let events: AgentEvent[];
let audited: AuditEvent[];
let calls: string[];
/** Asks the agent as curl does. */
let ask: (method: string, target: string) => Promise<ServedAnswer>;
/** When each check was made, in minutes from the beginning. */
let checkedAt: number[];

beforeEach(() => {
  folder = vaultFolder();
  clock = clockDouble(NOW);
  interruption = new AbortController();
  [events, audited, calls, checkedAt] = [[], [], [], []];
});
afterEach(() => folder.remove());

const stop = () => interruption.abort(new VaultError('terminated', 'terminated'));

/** Runs an agent until it ends. @param check by default one that is content, three times */
function run(check: AgentParts['check'] = stopAfter(3), more: Partial<AgentParts> = {}): Promise<void> {
  const deps: AgentParts = {
    locks: folder.locks,
    clock,
    audit: { record: (event) => void audited.push(event) },
    pid: 4711,
    async listen(answer) {
      ask = (method, target) =>
        answer({ method, target, hosts: ['vault'], fromBrowser: false, client: null });
      return {
        waiting: 0,
        path: '/run/example.sock',
        ensureSocket: async () => void calls.push('ensure'),
        stop: async () => void calls.push('stop'),
        cut: () => void calls.push('cut'),
      };
    },
    check: (signal) => {
      checkedAt.push(Math.round((clock.now() - NOW) / MINUTE));
      return check(signal);
    },
    token: () => Promise.reject(new Error('nobody asks for a token here')),
    afterCheck: async () => void calls.push('told'),
    other: async () => STATUS,
    inFlight: () => 0,
    abandon: () => void calls.push('abandon'),
    interruption: interruption.signal,
    ...more,
  };
  return runAgentOf(deps, REQUEST, (event) => void events.push(event));
}

function stopAfter(checks: number, result: AgentCheck = GOOD): () => Promise<AgentCheck> {
  let made = 0;
  return async () => {
    made += 1;
    if (made === checks) stop();
    return result;
  };
}

const kinds = () => events.map(({ kind }) => kind);

describe('an agent', () => {
  it('checks immediately, then again and again, and ends normally when stopped', async () => {
    await run();
    expect(kinds().filter((kind) => kind !== 'stopping')).toEqual([
      'started',
      'checked',
      'checked',
      'checked',
      'stopped',
    ]);
    expect(audited).toEqual([{ event: 'agent_started' }, { event: 'agent_stopped' }]);
    expect(calls.filter((call) => call === 'told')).toHaveLength(2);
    expect(checkedAt[0]).toBe(0);
    expect(checkedAt[1]).toBeGreaterThanOrEqual(4);
    expect(checkedAt[1]).toBeLessThanOrEqual(6);
  });

  it('checks as soon as the machine wakes up', async () => {
    clock.onSleep = () => {
      if (clock.slept.length === 2) clock.advance(8 * HOUR);
    };
    await run(stopAfter(2));
    expect(checkedAt).toEqual([0, 8 * 60 + 1].map((at) => expect.closeTo(at, 0)));
  });

  it('retries a temporary failure soon, and reports the same trouble once', async () => {
    const error = new VaultError('key_locked', 'the keychain is locked');
    await run(stopAfter(4, { ...GOOD, error }));
    const told = events.flatMap((event) => (event.kind === 'checked' ? [event.news.error] : []));
    expect(told).toEqual([error, null, null, null]);
    expect(clock.now() - NOW).toBeLessThan(5 * MINUTE);
  });

  it('reports an account when something about it is new', async () => {
    const account = accountExample();
    const failed = { account, outcome: 'transient', reason: 'no network', error: null } as const;
    const skipped = { ...failed, outcome: 'skipped' } as const;
    const [refreshed, open] = [{ ...failed, outcome: 'refreshed' } as const, { ...skipped, openSince: NOW }];
    const outcomes = [failed, failed, refreshed, failed, open, open, skipped];
    await run(async () => {
      const results = outcomes.splice(0, 1);
      if (outcomes.length === 0) stop();
      return { ...GOOD, results };
    });
    const news = events.flatMap((event) => (event.kind === 'checked' ? [event.news.results.length] : []));
    expect(news).toEqual([1, 0, 1, 1, 1, 0, 0]);
  });

  it('is the only one of its vault, and names the other one', async () => {
    const lock = await folder.locks.acquire(AGENT_LOCK, 0);
    await expect(run()).rejects.toMatchObject({
      code: 'busy',
      message: 'an agent is already running for this vault: process 4711, since 2026-03-01T12:00:00.000Z',
    });
    expect([kinds(), audited]).toEqual([[], []]);
    await lock.release();
    await run();
    await (await folder.locks.acquire(AGENT_LOCK, 0)).release();
  });

  it('closes the vault if it cannot listen', async () => {
    const listen = () => Promise.reject(new VaultError('config_invalid', 'no socket here'));
    await expect(run(stopAfter(1), { listen })).rejects.toMatchObject({ code: 'config_invalid' });
    await (await folder.locks.acquire(AGENT_LOCK, 0)).release();
  });

  it('continues if its socket cannot be made again', async () => {
    const gone = () => Promise.reject(new VaultError('vault_permissions', 'the folder is open to others'));
    const socket = { waiting: 0, path: '/a', ensureSocket: gone, stop: async () => {}, cut: () => {} };
    await run(stopAfter(3), { listen: async () => socket });
    expect(checkedAt).toHaveLength(3);
    expect(events.filter(({ kind }) => kind === 'socket')).toHaveLength(1);
  });

  it('ends in order and passes on a bug in a check', async () => {
    await expect(run(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
    expect([calls, audited.at(-1)]).toEqual([['stop'], { event: 'agent_stopped' }]);
  });
});

describe('the socket of an agent', () => {
  const counting = async () => ({
    account: accountExample(),
    accessToken: new Secret('access-token-example'),
    email: null,
    warning: null,
  });

  it('returns the status, and counts the tokens', async () => {
    const answers: ServedAnswer[] = [];
    const look = async () => {
      answers.push(await ask('GET', '/status'));
      await ask('GET', '/token/google');
    };
    let made = 0;
    await run(
      async () => {
        await look();
        made += 1;
        if (made === 2) stop();
        return { ...GOOD, at: clock.now() };
      },
      { token: counting },
    );
    const [first, second] = answers.map(({ body }) => JSON.parse(body));
    expect(first).toEqual({
      running: true,
      pid: 4711,
      version: expect.any(String),
      socket: '/run/example.sock',
      started_at: '2026-03-01T12:00:00.000Z',
      check_every_seconds: 300,
      refresh_ahead_seconds: 600,
      concurrency: 4,
      next_check_at: null,
      tokens: 0,
      last_check: null,
    });
    expect(second).toMatchObject({
      tokens: 1,
      last_check: { at: '2026-03-01T12:00:00.000Z', accounts: 1, login_needed: 0, results: [], error: null },
    });
  });

  it('stops the agent, without a signal', async () => {
    await run(async () => {
      expect((await ask('POST', '/stop')).status).toBe(202);
      return GOOD;
    });
    expect(kinds().at(-1)).toBe('stopped');
    expect(interruption.signal.aborted).toBe(false);
  });
});

describe('an agent that is asked to stop', () => {
  it('begins nothing new, and waits for the running check', async () => {
    let seen: AbortSignal | null = null;
    await run(async (signal) => {
      seen = signal;
      stop();
      expect(signal.aborted).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
      return GOOD;
    });
    expect(seen).not.toBeNull();
    expect(kinds()).toEqual(['started', 'stopping', 'checked', 'stopped']);
  });

  it('gives up after a minute on work that takes too long', async () => {
    let giveUp = () => {};
    const abandoned = new Promise<void>((resolve) => {
      giveUp = resolve;
    });
    const abandon = () => {
      calls.push('abandon');
      giveUp();
    };
    await run(
      async () => {
        stop();
        await abandoned;
        return GOOD;
      },
      { abandon },
    );
    expect(clock.slept).toEqual([60 * SECOND]);
    expect(calls).toEqual(['stop', 'abandon', 'cut']);
  });
});
