import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { AgentCheck, AgentRequest } from '../../../src/services/agent/agent-report.js';
import { type AgentVault, agentVault } from '../../../src/services/agent/agent-vault.js';
import { type AgentCheckDeps, agentCheck } from '../../../src/services/agent/regular-check.js';
import type { AccountFacts, Contents } from '../../../src/vault/sealed-account.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { ALICE, EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';

type Refresh = AgentCheckDeps['refresh'];

const REQUEST = { every: 5 * MINUTE, ahead: 10 * MINUTE, concurrency: 4 };
const SOON = { expiresAt: NOW + 9 * MINUTE };
const never = new AbortController().signal;

let stage: TestContext;
let opened: () => Promise<Vault | null>;
beforeEach(async () => {
  stage = await testContext();
  opened = async () => stage.vault;
});
afterEach(() => stage.close());

const add = (label: string, facts: Partial<AccountFacts> = {}, contents: Partial<Contents> = {}) =>
  stage.add({ label, ...facts }, { identity: { ...ALICE, subject: label }, ...contents });

const vault = (): AgentVault =>
  agentVault({ open: () => opened(), close: async () => {}, identity: () => 'the same' });

/** Checks again and again with one memory. @returns the labels of what was refreshed each time */
function checker(refresh: Refresh, request: AgentRequest = REQUEST) {
  const asked: string[] = [];
  const check = agentCheck(
    {
      ...stage.ctx,
      vault: vault(),
      refresh: (present, account) => {
        asked.push(account.label);
        return refresh(present, account);
      },
    },
    request,
  );
  return async (): Promise<{ readonly asked: string[]; readonly check: AgentCheck }> => {
    const result = await check(never);
    return { asked: asked.splice(0), check: result };
  };
}

const refreshed: Refresh = async (_, account) => ({ kind: 'refreshed', account });
const refusing: Refresh = async (_, account) => ({
  kind: 'refused',
  account,
  error: new VaultError('client_refused', 'the client is refused'),
});

describe('the check of an agent', () => {
  it('refreshes tokens that end within the given time or have ended', async () => {
    await add('a-soon', SOON);
    await add('b-later', { expiresAt: NOW + 11 * MINUTE });
    await add('c-ended', EXPIRED);
    await add('d-grant', { expiresAt: NOW + HOUR, grantExpiresAt: NOW + MINUTE });
    const { asked, check } = await checker(refreshed)();
    expect(asked).toEqual(['a-soon', 'c-ended', 'd-grant']);
    expect(check).toMatchObject({ at: NOW, accounts: 4, loginNeeded: 0, error: null });
  });

  it.each([
    ['half of their life is not over', 40, []],
    ['half of their life is over', 29, ['a']],
  ])('with tokens of a shorter lifetime than the given time waits while %s', async (_, minutes, expected) => {
    const expiresAt = NOW + minutes * MINUTE;
    await add('a', { expiresAt, issuedAt: expiresAt - HOUR });
    expect((await checker(refreshed, { ...REQUEST, ahead: 2 * HOUR })()).asked).toEqual(expected);
  });

  it('renews a token at each check if it does not outlast two of them', async () => {
    await add('a', { expiresAt: NOW + 5 * MINUTE, issuedAt: NOW });
    expect((await checker(refreshed)()).asked).toEqual(['a']);
  });

  it('skips accounts in backoff, in need of a login, or beyond help', async () => {
    await add('a-rests', { ...EXPIRED, status: 'failing', failures: 3, retryAt: NOW + MINUTE });
    await add('b-login', { ...EXPIRED, status: 'login_needed' });
    await add('c-bare', SOON, { refreshToken: null });
    const { asked, check } = await checker(refreshed)();
    expect(asked).toEqual([]);
    expect(check).toMatchObject({ accounts: 3, loginNeeded: 1, results: [] });
  });

  it('reports once that an account without a refresh token has ended and needs a login', async () => {
    await add('bare', EXPIRED, { refreshToken: null });
    const run = checker(refreshed);
    expect((await run()).check).toMatchObject({ loginNeeded: 1, results: [{ outcome: 'login_needed' }] });
    expect((await run()).check).toMatchObject({ loginNeeded: 1, results: [] });
  });

  it.each([
    ['was renewed an hour ago', { lastRefreshAt: NOW - HOUR }, 0],
    ['was renewed more than a day ago', { lastRefreshAt: NOW - DAY }, 1],
    ['is new', { createdAt: NOW - HOUR, lastRefreshAt: null }, 0],
    ['was never renewed in a day', { createdAt: NOW - DAY, lastRefreshAt: null }, 1],
  ])('renews a token of unknown expiry once a day: one that %s', async (_, facts, times) => {
    await add('endless', { expiresAt: null, ...facts });
    expect((await checker(refreshed)()).asked).toHaveLength(times);
  });

  it('asks less and less often for a refused account, until something has changed', async () => {
    const account = await add('refused', SOON);
    const run = checker(refusing);
    const pauses: number[] = [];
    let last = stage.clock.now();
    for (let passed = 0; passed < 4 * HOUR; passed += MINUTE) {
      if ((await run()).asked.length > 0) {
        pauses.push((stage.clock.now() - last) / MINUTE);
        last = stage.clock.now();
      }
      stage.clock.advance(MINUTE);
    }
    expect(pauses).toEqual([0, 10, 20, 40, 60, 60]);
    const present = await stage.account(account);
    await stage.vault.update(present, SOON, await stage.vault.contents(present));
    expect((await run()).asked).toEqual(['refused']);
  });

  it('reports what keeps it from working, and works once that is over', async () => {
    await add('a', SOON);
    const locked = { ...stage.vault, rehearse: () => Promise.reject(new VaultError('key_locked', 'locked')) };
    opened = async () => locked;
    const run = checker(refreshed);
    expect(await run()).toMatchObject({ asked: [], check: { error: { code: 'key_locked' }, results: [] } });
    opened = async () => stage.vault;
    expect(await run()).toMatchObject({ asked: ['a'], check: { error: null } });
  });

  it('finds nothing without a vault, and finds accounts that are added later', async () => {
    opened = async () => null;
    const run = checker(refreshed);
    expect((await run()).check).toMatchObject({ accounts: 0, error: null });
    opened = async () => stage.vault;
    await add('new', SOON);
    expect((await run()).asked).toEqual(['new']);
  });

  it('passes on a bug', async () => {
    opened = () => Promise.reject(new TypeError('a bug'));
    await expect(checker(refreshed)()).rejects.toThrow('a bug');
  });
});
