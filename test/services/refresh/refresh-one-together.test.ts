import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { NO_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { inTurn, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
beforeEach(() => open(renewed()));
afterEach(() => stage.close());

const MANY = 12;

/** Each over a connection of its own, as if they were processes. */
async function together(count = MANY) {
  const seen = await stage.addExpired();
  const vaults = await Promise.all(Array.from({ length: count }, () => stage.another()));
  const outcomes = await Promise.all(
    vaults.map((vault) => stage.refresh(seen, { vault, policy: NO_RETRIES })),
  );
  return { seen, outcomes, kinds: outcomes.map(({ kind }) => kind).sort() };
}

describe('concurrent refreshes of one account', () => {
  it('send one request, and the others use its result', async () => {
    const { seen, kinds } = await together();
    expect(stage.sent()).toEqual(['refresh-token-example']);
    expect(kinds).toEqual([...Array(MANY - 1).fill('adopted'), 'refreshed']);
    expect((await stage.account(seen)).generation).toBe(2);
  });

  it('send one request to a failing provider, and all report that', async () => {
    await stage.close();
    await open(oauthError('server_error', 503));
    const { seen, outcomes, kinds } = await together();
    expect(stage.sent()).toHaveLength(1);
    expect(kinds).toEqual(Array(MANY).fill('transient'));
    expect((await stage.account(seen)).failures).toBe(1);
    const messages = new Set(
      outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error.message] : [])),
    );
    expect([...messages].sort()).toEqual([
      expect.stringMatching(/^Demo could not refresh .* \(server_error\); .* is open/),
      expect.stringMatching(
        /^another process could not refresh .* a moment ago \(provider_unavailable\); .* is open/,
      ),
    ]);
  });

  it('send one request for an ended grant, and all report that a login is needed', async () => {
    await stage.close();
    await open(oauthError('invalid_grant'));
    const { outcomes, kinds } = await together();
    expect(stage.sent()).toHaveLength(1);
    expect(kinds).toEqual(Array(MANY).fill('login_needed'));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        error: {
          code: 'login_needed',
          message: expect.stringContaining(
            'the provider Demo no longer accepts the refresh token of this account',
          ),
          hint: 'vault login demo/alice@example.com',
        },
      });
    }
  });

  it('send one request if the client is refused, and none asks for a login', async () => {
    await stage.close();
    await open(oauthError('invalid_client', 401));
    const { outcomes, kinds } = await together(3);
    expect(stage.sent()).toHaveLength(1);
    expect(kinds).toEqual(Array(3).fill('refused'));
    expect(outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : null))).toEqual(
      Array(3).fill('client_refused'),
    );
  });

  it('send again if the result of the other is from an earlier time', async () => {
    const { id } = await stage.addExpired({ failures: 2, lastError: 'network_failed' });
    expect((await stage.refresh(await stage.account({ id }))).kind).toBe('refreshed');
  });
});

describe('an account that another process holds', () => {
  it('is busy if it is not released in time, and nothing is sent', async () => {
    const account = await stage.addExpired();
    const held = await stage.locks.acquire(account.id, 0);
    // Their waiting takes place on the test's clock.
    const locks = sqliteLocks(stage.paths.locks, stage.files, stage.clock);
    expect(await stage.refresh(account, { locks })).toMatchObject({
      kind: 'busy',
      error: { code: 'busy', hint: expect.any(String) },
    });
    await held.release();
    expect(stage.server.received).toEqual([]);
    expect((await stage.account(account)).failures).toBe(0);
  });

  it('that is removed in the meantime is not found, and nothing is sent', async () => {
    const account = await stage.addExpired();
    await stage.vault.remove(account.id);
    await expect(stage.refresh(account)).rejects.toMatchObject({
      code: 'account_not_found',
      message: 'the account was removed by another process meanwhile',
      hint: 'vault list',
    });
    expect(stage.server.received).toEqual([]);
  });

  it('is released whatever happens', async () => {
    const account = await stage.addExpired();
    const failing = () => Promise.reject(new VaultError('config_invalid', 'config.json makes no sense'));
    await expect(stage.refresh(account, { provider: failing })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    expect((await stage.refresh(account)).kind).toBe('refreshed');
  });
});

describe('a configuration that changed since the login', () => {
  it.each([
    ['client id', { clientId: 'another-client' }, 'setup demo --client-id client-example'],
    ['issuer', { issuer: 'https://another.example' }, 'config set providers.demo.issuer http://127'],
    [
      'token endpoint',
      { tokenEndpoint: 'https://another.example/token' },
      'config set providers.demo.tokenEndpoint http://127',
    ],
  ])('of the %s sends the refresh token to no server', async (what, change, back) => {
    const account = await stage.addExpired();
    Object.assign(stage.settings, change);
    await expect(stage.refresh(account)).rejects.toMatchObject({
      code: 'binding_changed',
      message: `the ${what} configured for demo is not the one demo/alice@example.com was logged in with, so its refresh token is not sent`,
      hint: expect.stringMatching(
        new RegExp(`^to set it back: vault ${back}.*\\nor log in again: vault login demo/alice@example.com$`),
      ),
    });
    expect(stage.server.received).toEqual([]);
    expect(await stage.account(account)).toEqual(account);
  });
});

describe('an interruption', () => {
  const stop = new VaultError('interrupted', 'interrupted');

  it('ends the wait for the account', async () => {
    const account = await stage.addExpired();
    const held = await stage.locks.acquire(account.id, 0);
    const controller = new AbortController();
    const waiting = stage.refresh(account, { interruption: controller.signal });
    controller.abort(stop);
    await expect(waiting).rejects.toBe(stop);
    await held.release();
  });

  it('ends the pause between two attempts, and records nothing', async () => {
    await stage.close();
    await open(oauthError('server_error', 503));
    const account = await stage.addExpired();
    const controller = new AbortController();
    stage.clock.onSleep = () => controller.abort(stop);
    await expect(stage.refresh(account, { interruption: controller.signal })).rejects.toBe(stop);
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.account(account)).toEqual(account);
  });

  it('does not end a running request: its answer is stored', async () => {
    await stage.close();
    const controller = new AbortController();
    await open((response, request) => {
      controller.abort(stop);
      renewed()(response, request);
    });
    const account = await stage.addExpired();
    expect((await stage.refresh(account, { interruption: controller.signal })).kind).toBe('refreshed');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
  });
});

describe('a vault that cannot be written', () => {
  it('does not hide why the refresh failed if the failure cannot be recorded', async () => {
    await stage.close();
    await open(oauthError('server_error', 503));
    const account = await stage.addExpired();
    const full = new VaultError('vault_not_writable', 'the disk is full');
    const vault = { ...stage.vault, recordAttempt: () => Promise.reject(full) };
    expect(await stage.refresh(account, { vault, policy: NO_RETRIES })).toMatchObject({
      kind: 'transient',
      error: { code: 'provider_unavailable' },
    });
  });
});
