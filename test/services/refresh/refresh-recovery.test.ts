import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;

beforeEach(async () => {
  stage = await refreshTest(renewed());
});
afterEach(() => stage.close());

const FULL = new VaultError('vault_not_writable', '/vault.db cannot be used: the disk is full', {
  hint: 'df',
});
describe('a refresh', () => {
  it('writes its intent before it sends, and removes it with the stored answer', async () => {
    await stage.close();
    let atSending: Promise<unknown> = Promise.resolve('nothing was sent');
    stage = await refreshTest((response, request) => {
      atSending = stage.intentOf(account).finally(() => renewed()(response, request));
    });
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(await atSending).toMatchObject({
      generation: account.generation,
      attempt: 1,
      pid: stage.deps.pid,
    });
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('sends nothing if the intent cannot be written', async () => {
    const account = await stage.addExpired();
    const vault = { ...stage.vault, intend: () => Promise.reject(FULL) };
    await expect(stage.refresh(account, { vault })).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect(stage.server.received).toEqual([]);
  });

  it('sends nothing if no spill slot can be reserved', async () => {
    const account = await stage.addExpired();
    const spill = {
      ...stage.deps.spill,
      reserve: () => {
        throw FULL;
      },
    };
    await expect(stage.refresh(account, { spill })).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect(stage.server.received).toEqual([]);
    expect(await stage.intentOf(account)).toBeNull();
  });
});

describe('a refresh that was cut off', () => {
  it('is continued by the next one, with the same token', async () => {
    const account = await stage.addExpired();
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    expect(await stage.vault.intend(account, refreshToken, 1, 2)).toBeNull();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(stage.sent()).toEqual(['refresh-token-example']);
  });

  it('is named as the reason when the provider no longer accepts the token', async () => {
    await stage.close();
    stage = await refreshTest(oauthError('invalid_grant'));
    const account = await stage.addExpired();
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, Date.UTC(2026, 0, 2, 3, 4, 5), 2);
    const outcome = await stage.refresh(account);
    expect(outcome).toMatchObject({
      kind: 'login_needed',
      error: {
        code: 'login_needed',
        message: expect.stringContaining('2026-01-02T03:04:05.000Z was interrupted'),
      },
    });
    expect(await stage.intentOf(account)).toBeNull();
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-example');
  });

  it('is not the reason for a token that came after it', async () => {
    await stage.close();
    stage = await refreshTest(oauthError('invalid_grant'));
    const account = await stage.addExpired();
    const { accessToken, identity, refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, 1, 2);
    const refreshed = new Secret('refresh-token-of-a-login');
    const contents = { accessToken, identity, refreshToken: refreshed, idToken: null };
    await stage.vault.update(account, {}, contents);
    const outcome = await stage.refresh(await stage.account(account));
    expect(outcome.kind === 'login_needed' && outcome.error.message).not.toContain('interrupted');
  });
});
