import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/domain/errors.js';
import type * as Library from '../../src/index.js';
import { serverError, slow } from '../doubles/demo-faults.js';
import { type LibraryStage, openLibraryStage } from './stage.js';

// The library as it is shipped. Its types are those of its source.
const BUILT = '../../dist/lib/index.js';
const { openVault, VaultError } = (await import(BUILT)) as typeof Library;

let stage: LibraryStage;
let opened: Library.OpenedVault[];
beforeEach(async () => {
  stage = await openLibraryStage();
  opened = [];
});
afterEach(async () => {
  for (const vault of opened) await vault.close();
  await stage.close();
});

function open(options: Library.OpenVaultOptions = {}): Library.OpenedVault {
  const vault = openVault({ home: stage.home, ...options });
  opened.push(vault);
  return vault;
}

/** Requests at the token endpoint during the call. */
async function requestsOf(call: () => Promise<unknown>): Promise<number> {
  const before = stage.demo.requests.token;
  await call();
  return stage.demo.requests.token - before;
}

describe('an id_token', () => {
  it('is that of the login, and is refreshed on request', async () => {
    stage.demo.knobs.idTokenLifetime = 3_600;
    const name = await stage.logIn();
    const vault = open();
    const first = await vault.idToken(name);
    expect(first).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(await requestsOf(async () => expect(await vault.idToken('demo')).toBe(first))).toBe(0);
    expect(await vault.idToken('demo', { refresh: true })).not.toBe(first);
  });
});

describe('an access token', () => {
  it('is returned while it is valid, without a request', async () => {
    const name = await stage.logIn();
    const vault = open();
    const token = await vault.accessToken(name);
    expect(token).toMatch(/^demo-access-/);
    expect(await requestsOf(async () => expect(await vault.accessToken('demo')).toBe(token))).toBe(0);
    expect(await vault.accessToken()).toBe(token);
  });

  it('is refreshed when it has expired, or on request', async () => {
    await stage.logInBriefly();
    await sleep(1_050);
    const vault = open();
    const first = await vault.accessToken('demo');
    expect(await vault.accessToken('demo', { refresh: true })).not.toBe(first);
    expect([...stage.demo.refreshUses.values()]).toEqual([1, 1]);
  });

  it('is refreshed once for a hundred concurrent calls', async () => {
    const name = await stage.logInBriefly();
    await sleep(1_050);
    const vault = open({ signal: new AbortController().signal });
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown) => warnings.push(warning);
    process.on('warning', onWarning);
    const tokens = new Set<string>();
    const calls = () => Array.from({ length: 100 }, async () => tokens.add(await vault.accessToken(name)));
    expect(await requestsOf(() => Promise.all(calls()))).toBe(1);
    expect(tokens.size).toBe(1);
    // Node tells of warnings a turn later.
    await sleep(10);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('is refreshed once for several vaults opened on the same folder', async () => {
    await stage.logInBriefly();
    await sleep(1_050);
    const vaults = Array.from({ length: 8 }, () => open());
    expect(await requestsOf(() => Promise.all(vaults.map((vault) => vault.accessToken())))).toBe(1);
  });

  it('is valid for as long as requested, in milliseconds or as a duration', async () => {
    stage.demo.knobs.accessTokenLifetime = 600;
    await stage.logIn();
    const vault = open();
    expect(await requestsOf(() => vault.accessToken('demo', { minValid: '9m' }))).toBe(0);
    expect(await requestsOf(() => vault.accessToken('demo', { minValid: 540_000 }))).toBe(0);
    expect(await requestsOf(() => vault.accessToken('demo', { minValid: 599_999 }))).toBe(1);
  });

  it('that is still valid is returned with a notice when the provider fails', async () => {
    stage.demo.knobs.accessTokenLifetime = 600;
    await stage.logIn();
    stage.demo.next('token', serverError(), 5);
    const notices: string[] = [];
    const vault = open({ onNotice: (line) => notices.push(line) });
    expect(await vault.accessToken('demo', { minValid: 599_999 })).toMatch(/^demo-access-/);
    expect(notices).toEqual([
      expect.stringMatching(/expires in 9m and could not be renewed: demo could not refresh/),
    ]);
  });
});

describe('a failure', () => {
  const failureOf = (call: Promise<unknown>): Promise<Library.VaultError> =>
    call.then(
      () => Promise.reject(new Error('it did not fail')),
      (failure: unknown) => failure as Library.VaultError,
    );

  const hasCode = async (code: Library.ErrorCode, call: Promise<unknown>) => {
    const failure = await failureOf(call);
    expect(failure).toBeInstanceOf(VaultError);
    expect(failure).toMatchObject({ code, exitCode: EXIT_CODES[code], message: expect.any(String) });
  };

  it('has the code, the exit code and a message of the command line', async () => {
    await stage.logIn();
    await hasCode('account_not_found', open({ home: join(stage.home, 'empty') }).accessToken());
    const { accessToken: token } = open();
    await hasCode('account_not_found', token('nobody'));
    await hasCode('scope_missing', token('demo', { scopes: ['notes.write'] }));
    await hasCode('usage', token(''));
    for (const minValid of ['soon', -1, Number.NaN]) await hasCode('usage', token('demo', { minValid }));
  });

  it.each([
    [
      'provider_unavailable',
      async () => {
        stage.demo.next('token', serverError(), 5);
        return open().accessToken('demo', { refresh: true });
      },
    ],
    [
      'login_needed',
      async () => {
        stage.demo.endAllGrants();
        return open().accessToken('demo', { refresh: true });
      },
    ],
    [
      'account_ambiguous',
      async () => {
        await stage.logIn({}, { person: 'grace' });
        return open().accessToken();
      },
    ],
    [
      'key_missing',
      async () => {
        renameSync(join(stage.home, 'master.key'), join(stage.home, 'elsewhere.key'));
        return open().accessToken();
      },
    ],
    [
      'config_invalid',
      async () => open({ envFile: join(stage.home, 'nowhere.env') }).accessToken('demo', { refresh: true }),
    ],
  ] as const)('has the code %s of the command line, its exit code and a message', async (code, call) => {
    await stage.logIn();
    await hasCode(code, call());
  });

  it('has the next command as its hint', async () => {
    await stage.logIn();
    stage.demo.endAllGrants();
    const { hint } = await failureOf(open().accessToken('demo', { refresh: true }));
    expect(hint).toBe('vault login demo/ada@example.com');
  });

  it('in the folders is thrown at once', () => {
    expect(() => openVault({ home: 'relative' })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
    expect(() => openVault({ home: stage.home, profile: '../x' })).toThrow(VaultError);
  });

  it('does not affect later calls', async () => {
    await stage.logIn();
    const vault = open();
    stage.demo.next('token', serverError(), 5);
    await failureOf(vault.accessToken('demo', { refresh: true }));
    expect(await vault.accessToken('demo')).toMatch(/^demo-access-/);
  });
});

describe('the accounts', () => {
  it('are listed by name, without a key and without a secret', async () => {
    await stage.logIn({ as: 'work' });
    await stage.logIn({}, { person: 'grace' });
    renameSync(join(stage.home, 'master.key'), join(stage.home, 'elsewhere.key'));
    const accounts = await open().accounts();
    expect(accounts).toMatchObject([
      { name: 'demo/grace@example.com', status: 'active', hasRefreshToken: true },
      { name: 'demo/work', provider: 'demo', label: 'work' },
    ]);
    for (const secret of stage.demo.secrets()) expect(JSON.stringify(accounts)).not.toContain(secret);
  });

  it('of a profile are in a separate vault', async () => {
    await stage.logIn();
    expect(await open({ profile: 'other' }).accounts()).toEqual([]);
    expect(await open().accounts()).toHaveLength(1);
  });
});

describe('closing', () => {
  it('waits for a refresh that is under way, so that its refresh token is stored', async () => {
    await stage.logIn();
    const vault = open();
    stage.demo.next('token', slow('after', 150));
    const call = vault.accessToken('demo', { refresh: true });
    await vault.close();
    expect(await call).toMatch(/^demo-access-/);
    expect(await open().accessToken('demo', { refresh: true })).toMatch(/^demo-access-/);
    expect(stage.demo.log.filter(({ kind }) => kind === 'reuse_detected')).toEqual([]);
  });

  it('refuses later calls, and closing again does nothing', async () => {
    await stage.logIn();
    const vault = open();
    await vault.accounts();
    await Promise.all([vault.close(), vault.close()]);
    await vault.close();
    await expect(vault.accessToken('demo')).rejects.toMatchObject({ code: 'usage' });
    await expect(vault.accounts()).rejects.toMatchObject({ message: 'this vault was closed' });
  });

  it('is possible when nothing was called', async () => {
    await expect(open().close()).resolves.toBeUndefined();
  });
});

describe('an aborted signal', () => {
  it('ends the waiting with its reason, and a refresh in flight is still stored', async () => {
    await stage.logIn();
    const controller = new AbortController();
    stage.demo.next('token', slow('after', 150));
    const holding = open().accessToken('demo', { refresh: true });
    await expect.poll(() => stage.demo.requests.token).toBe(2);
    const waiting = open({ signal: controller.signal }).accessToken('demo', { refresh: true });
    const reason = new Error('no time');
    await sleep(30);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(await holding).toMatch(/^demo-access-/);
  });
});
