import { existsSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { init } from '../src/commands/init.js';
import type { Context } from '../src/context.js';
import { planLogin } from '../src/services/login/login.js';
import { listAccounts, providerOverview, showAccount } from '../src/services/overview/overview.js';
import { refreshAccounts } from '../src/services/refresh/refresh-all.js';
import { revocationTargets, revokeAccounts } from '../src/services/revoke/revoke.js';
import { token } from '../src/services/token/token.js';
import { terminal } from './doubles/terminal.js';
import { type LibraryStage, openLibraryStage } from './library/stage.js';

let stage: LibraryStage;
beforeEach(async () => {
  stage = await openLibraryStage();
});
afterEach(() => stage.close());

const path = (name: string) => join(stage.home, name);
const TOKEN = { selector: null, minValid: 0, scopes: [], refresh: false, withIdentity: false };
const LOGIN = {
  name: 'demo',
  as: null,
  scopes: [],
  addScopes: [],
  loginHint: null,
  openBrowser: false,
  pasteOnly: false,
  device: false,
  port: null,
  timeout: 1_000,
};

const myKey = () =>
  ({ choice: { setting: { kind: 'file', path: path('my.key') }, passphraseFd: null } }) as const;

/** Runs `vault init --json`. */
async function runInit(app: Context, input: Parameters<typeof init.run>[1] = { choice: null }) {
  const { io, written } = terminal({ json: true });
  await init.run(app, input, io);
  return JSON.parse(written.stdout);
}

const ALL = { provider: null, status: null, expiringWithin: null, sort: null };

describe('making a vault', () => {
  it('writes a named key file into the configuration and changes nothing else there', async () => {
    const { providers } = stage.config();
    const result = await runInit(stage.app(), myKey());
    expect(result).toEqual({
      key_source: 'file',
      place: `key file ${path('my.key')}`,
      database: path('vault.db'),
      config_file: path('config.json'),
    });
    expect(stage.config()).toEqual({ keySource: { kind: 'file', path: path('my.key') }, providers });
    expect(existsSync(path('my.key'))).toBe(true);
    expect(await listAccounts(stage.app(), ALL)).toEqual([]);
  });

  it('records the native addon at init, at the first login and at a refresh', async () => {
    await runInit(stage.app());
    const record = readFileSync(path('addon.json'), 'utf8');
    expect(record).toContain('"sha256"');
    expect(statSync(path('addon.json')).mode & 0o777).toBe(0o600);
    for (const name of ['addon.json', 'vault.db']) unlinkSync(path(name));
    rmSync(path('marks'), { recursive: true });
    await stage.logIn();
    expect(existsSync(path('addon.json'))).toBe(true);
    unlinkSync(path('addon.json'));
    await token(stage.app(), TOKEN);
    expect(existsSync(path('addon.json'))).toBe(false);
    await token(stage.app(), { ...TOKEN, refresh: true });
    expect(existsSync(path('addon.json'))).toBe(true);
  });

  it('uses the configured key source when none is named', async () => {
    expect(await runInit(stage.app())).toMatchObject({
      place: `key file ${path('master.key')}`,
    });
  });

  it('writes the path from VAULT_KEY_FILE into the configuration', async () => {
    stage.configure({ keySource: 'keychain' });
    await runInit(stage.app({ VAULT_KEY_FILE: path('other.key') }));
    expect(stage.config()['keySource']).toEqual({ kind: 'file', path: path('other.key') });
  });

  it('does not guess where a relative VAULT_KEY_FILE would be', async () => {
    await expect(runInit(stage.app({ VAULT_KEY_FILE: 'other.key' }))).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KEY_FILE must be an absolute path',
    });
  });

  it('is refused where a vault exists, and changes nothing', async () => {
    await stage.logIn();
    const before = readFileSync(path('config.json'));
    await expect(runInit(stage.app(), myKey())).rejects.toMatchObject({
      code: 'vault_exists',
    });
    expect(readFileSync(path('config.json')).equals(before)).toBe(true);
    expect(existsSync(path('my.key'))).toBe(false);
  });

  it('makes private files only', async () => {
    await stage.logIn();
    for (const name of ['vault.db', 'master.key', 'config.json', 'security.log']) {
      expect(statSync(path(name)).mode & 0o777).toBe(0o600);
    }
  });
});

describe('the life of an account', () => {
  it('goes through login, token, list, show, refresh and revoke', async () => {
    const name = await stage.logIn();
    const app = stage.app();
    const { accessToken } = await token(app, TOKEN);
    expect(accessToken.reveal()).toMatch(/^demo-access-/);
    expect(await listAccounts(app, { ...ALL, provider: 'demo', status: 'active' })).toHaveLength(1);
    expect(await showAccount(app, { selector: name, withIdentity: true })).toMatchObject({
      providerTitle: 'demo',
      consents: [{ how: 'browser' }],
    });
    const all = { selectors: [], all: true, provider: null, dryRun: false };
    const refresh = { ...all, within: 0, force: true, concurrency: 2 };
    expect(await refreshAccounts(app, refresh, () => {})).toMatchObject({
      results: [{ outcome: 'refreshed' }],
    });
    expect(await revocationTargets(app, { ...all, local: false })).toHaveLength(1);
    expect(await revokeAccounts(app, { ...all, local: false })).toMatchObject({
      results: [{ outcome: 'revoked' }],
    });
    expect(await listAccounts(app, ALL)).toEqual([]);
    expect(stage.notices).toEqual([]);
  });

  it('writes a line without a secret for each event', async () => {
    await stage.logIn();
    await token(stage.app(), { ...TOKEN, refresh: true });
    const lines = readFileSync(path('security.log'), 'utf8').trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'vault_created',
      'configuration_changed',
      'login_started',
      'login_finished',
      'refreshed',
      'token_given',
    ]);
    for (const secret of stage.demo.secrets()) expect(lines.join('\n')).not.toContain(secret);
  });

  it('still returns a valid token when its provider is no longer configured', async () => {
    const name = await stage.logIn();
    stage.configure({ providers: {} });
    const app = stage.app();
    expect((await token(app, TOKEN)).accessToken.length).toBeGreaterThan(0);
    expect(await showAccount(app, { selector: name, withIdentity: false })).toMatchObject({
      providerTitle: 'demo',
      manageUrl: null,
    });
    await expect(token(app, { ...TOKEN, refresh: true })).rejects.toMatchObject({ code: 'provider_unknown' });
    await expect(token(app, { ...TOKEN, scopes: ['x'] })).rejects.toMatchObject({ code: 'scope_missing' });
  });
});

describe('the configuration', () => {
  it('is not read for a token that is valid', async () => {
    await stage.logIn();
    stage.configure({ keySource: 'file', providers: 'nonsense' });
    expect((await token(stage.app(), TOKEN)).accessToken.length).toBeGreaterThan(0);
    await expect(token(stage.app(), { ...TOKEN, refresh: true })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  it('reports a missing --settings', async () => {
    const app = stage.app({}, { envFile: path('nowhere.env') });
    await expect(providerOverview(app, null)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('is read from the .env of the vault', async () => {
    stage.configure({ providers: { demo: { issuer: stage.demo.issuer } } });
    await expect(planLogin(stage.app(), LOGIN)).rejects.toMatchObject({ code: 'client_not_configured' });
    writeFileSync(path('.env'), 'DEMO_CLIENT_ID=from-the-file\n', { mode: 0o600 });
    expect(await planLogin(stage.app(), LOGIN)).toMatchObject({ clientId: 'from-the-file' });
    expect(await planLogin(stage.app({ DEMO_CLIENT_ID: 'from-outside' }), LOGIN)).toMatchObject({
      clientId: 'from-outside',
    });
    unlinkSync(path('.env'));
  });

  it('shows what is built in and what is configured', async () => {
    const views = await providerOverview(stage.app(), null);
    expect([views[0]?.name, views.at(-1)?.name]).toEqual(['google', 'demo']);
  });
});
