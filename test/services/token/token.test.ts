import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, VaultError } from '../../../src/domain/errors.js';
import { type TokenContext, token } from '../../../src/services/token/token.js';
import { type SocketServer, serveOnSocket } from '../../../src/system/agent/agent-server.js';
import { createFiles } from '../../../src/system/files/files.js';

const REQUEST = { selector: null, minValid: 0, scopes: [], refresh: false, withIdentity: false };

let folder: string;
let agent: SocketServer | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-token-'));
  agent = null;
});
afterEach(async () => {
  await agent?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const files = () => createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});

/** What the agent answers; and the paths it was asked for. */
async function startAgent(status: number, document: object): Promise<string[]> {
  const asked: string[] = [];
  agent = await serveOnSocket(
    () => [join(folder, 'agent', 'agent.sock')],
    files(),
    async ({ target }) => {
      asked.push(target);
      return { status, headers: {}, body: JSON.stringify(document) };
    },
  );
  return asked;
}

/** Asks for a token where the vault cannot be opened. @returns the error, and how often the notify command was looked up */
async function failing(code: ErrorCode, request = REQUEST, envFile: string | null = null) {
  const failure = new VaultError(code, 'it failed');
  let notified = 0;
  const { platform } = process;
  const ctx = {
    envFile,
    host: { platform, env: {}, pid: process.pid, uid: process.getuid?.() },
    paths: { data: folder },
    files: files(),
    interruption: new AbortController().signal,
    detail: () => {},
    vault: () => Promise.reject(failure),
    // The notify command is in config.json.
    readText: () => {
      notified += 1;
      return null;
    },
  } as unknown as TokenContext;
  const given = await token(ctx, request).catch((error: unknown) => error);
  return { given, failure, notified };
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

  it('comes from a running agent, and nothing is opened here', async () => {
    const asked = await startAgent(200, DOCUMENT);
    const { given, notified } = await failing('key_locked');
    expect(given).toMatchObject({ account: { provider: 'google', label: 'ada' }, warning: null });
    expect([asked, notified]).toEqual([['/token/?format=json&min_valid=0s'], 0]);
  });

  it("fails with the agent's reason where the key is unavailable here, else with our own", async () => {
    await startAgent(409, LOGIN_NEEDED);
    expect((await failing('key_locked')).given).toMatchObject({ code: 'login_needed', message: 'log in' });
    const { given, failure } = await failing('vault_damaged');
    expect(given).toBe(failure);
  });

  it('is not asked from the agent with --refresh, or with settings of its own', async () => {
    const asked = await startAgent(200, DOCUMENT);
    expect((await failing('key_locked', { ...REQUEST, refresh: true })).given).toBeInstanceOf(VaultError);
    expect((await failing('key_locked', REQUEST, '/home/ada/other.env')).given).toBeInstanceOf(VaultError);
    expect(asked).toEqual([]);
  });
});
