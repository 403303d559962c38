import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Refresher } from '../../../src/access/refresher-client.js';
import type { Context } from '../../../src/context.js';
import { type ErrorCode, VaultError } from '../../../src/domain/errors.js';
import type { KeySourceKind } from '../../../src/keysources/contract.js';
import { token } from '../../../src/services/token/token.js';
import { type SocketServer, serveOnSocket } from '../../../src/system/agent/agent-server.js';
import { type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST as USUAL } from './asking.js';

const REQUEST = { ...USUAL, minValid: 0 };

let stage: TestContext;
let agent: SocketServer | null;
beforeEach(async () => {
  stage = await testContext();
  agent = null;
});
afterEach(async () => {
  await agent?.stop();
  await stage.close();
});

/** What the agent answers; and the paths it was asked for. */
async function startAgent(status: number, document: object): Promise<string[]> {
  const asked: string[] = [];
  agent = await serveOnSocket(
    () => [join(stage.folder, 'agent', 'agent.sock')],
    stage.files,
    async ({ target }) => {
      asked.push(target);
      return { status, headers: {}, body: JSON.stringify(document) };
    },
  );
  return asked;
}

/** Asks for a token where the vault cannot be opened. @returns the error, and how often the notify command was looked up */
async function failing(
  code: ErrorCode,
  {
    request = REQUEST,
    envFile = null as string | null,
    keySource = 'keychain' as KeySourceKind | 'none',
  } = {},
) {
  const failure = new VaultError(code, 'it failed');
  let notified = 0;
  let opened = 0;
  let startedAhead = 0;
  const current = async () => {
    if (keySource === 'none') throw new VaultError('config_invalid', 'there is none of this name');
    return { ...stage.fromFile, kind: keySource };
  };
  const refresher: Pick<Refresher, 'prepare'> = { prepare: () => void startedAhead++ };
  const ctx: Context = {
    ...stage.ctx,
    envFile,
    keys: { ...stage.ctx.keys, current },
    vault: () => {
      opened += 1;
      return Promise.reject(failure);
    },
    refresher: async () => refresher as Refresher,
    // The notify command is in config.json.
    readText: () => {
      notified += 1;
      return null;
    },
  };
  const given = await token(ctx, request).catch((error: unknown) => error);
  return { given, failure, notified, opened, startedAhead };
}

const LOGIN_NEEDED = { error: { code: 'login_needed', message: 'log in', hint: 'vault login google' } };
const DOCUMENT = {
  account: 'google/ada',
  access_token: 'access-token-example',
  token_type: 'Bearer',
  expires_at: null,
  scopes: [],
};

describe('a token', () => {
  it.each([
    ['login_needed', 1],
    ['network_failed', 1],
    ['client_refused', 1],
    ['account_not_found', 0],
    ['key_locked', 0],
  ] as const)('that fails with %s looks up the notify command %i times', async (code, times) => {
    const { given, failure, notified } = await failing(code);
    expect(given).toBe(failure);
    expect(notified).toBe(times);
  });

  it.each(['keychain', 'passphrase', 'command', 'none'] as const)(
    'comes from a running agent if the key is in %s, and nothing is opened here',
    async (keySource) => {
      const asked = await startAgent(200, DOCUMENT);
      const { given, opened } = await failing('vault_damaged', { keySource });
      expect(given).toMatchObject({ account: { provider: 'google', label: 'ada' }, warning: null });
      expect([asked, opened]).toEqual([['/token/?format=json&min_valid=0s'], 0]);
    },
  );

  it.each(['file', 'credential'] as const)(
    'is read by this process if the key is in a %s',
    async (keySource) => {
      const asked = await startAgent(200, DOCUMENT);
      const { given, failure } = await failing('vault_damaged', { keySource });
      expect(given).toBe(failure);
      expect(asked).toEqual([]);
    },
  );

  it.each(['key_missing', 'key_wrong', 'client_not_configured'] as const)(
    'comes from the agent if this process lacks what it needs: %s',
    async (code) => {
      const asked = await startAgent(200, DOCUMENT);
      const { given, opened } = await failing(code, { keySource: 'file' });
      expect(given).toMatchObject({ account: { provider: 'google', label: 'ada' } });
      expect([asked.length, opened]).toEqual([1, 1]);
    },
  );

  it("fails with the agent's reason if the key is unavailable, else with its own", async () => {
    const asked = await startAgent(409, LOGIN_NEEDED);
    for (const keySource of ['file', 'keychain'] as const) {
      const { given } = await failing('key_locked', { keySource });
      expect(given).toMatchObject({ code: 'login_needed', message: 'log in' });
      for (const code of ['vault_damaged', 'client_not_configured'] as const) {
        const own = await failing(code, { keySource });
        expect(own.given).toBe(own.failure);
      }
    }
    // With a keychain each asks first; with a file only those that lack something.
    expect(asked).toHaveLength(2 + 3);
  });

  it('is not requested from the agent with --refresh or --settings', async () => {
    const asked = await startAgent(200, DOCUMENT);
    for (const keySource of ['file', 'keychain'] as const) {
      for (const own of [{ request: { ...REQUEST, refresh: true } }, { envFile: '/home/ada/other.env' }])
        expect((await failing('key_locked', { keySource, ...own })).given).toBeInstanceOf(VaultError);
    }
    expect(asked).toEqual([]);
  });

  it('starts the refresher before the vault is opened, with --refresh only', async () => {
    const started = async (refresh: boolean) =>
      (await failing('vault_damaged', { request: { ...REQUEST, refresh } })).startedAhead;
    expect([await started(true), await started(false)]).toEqual([1, 0]);
  });
});
