import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCanaries } from '../harness/canaries.js';
import { type CliRun, runVault } from '../harness/cli.js';
import { logIn } from '../harness/login.js';
import { KEY_HOLDERS, KEYED_APP, type OidcServer, startOidcServer } from '../harness/oidc-server.js';
import { signingInAs } from '../harness/oidc-walk.js';
import { brokenPromises } from '../harness/promises.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const canaries = createCanaries();
let server: OidcServer;
let home: TempHome;

beforeAll(async () => {
  server = await startOidcServer(canaries);
  home = makeTempHome();
  const names = Object.keys(KEY_HOLDERS) as (keyof typeof KEY_HOLDERS)[];
  for (const name of names) writeFileSync(keyFile(name), KEY_HOLDERS[name].file, { mode: 0o600 });
  const providers = names.map((name) => [name, provider(name)] as const);
  home.configure({ keySource: 'file', providers: Object.fromEntries(providers) });
});
afterAll(async () => {
  await server.close();
  home.remove();
});

const keyFile = (name: string) => join(home.home, `${name}.key`);
const provider = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  grant: 'client_credentials',
  issuer: server.issuer,
  clientId: name,
  clientAuth: 'private_key_jwt',
  clientKeyFile: keyFile(name),
  scopes: ['build:read'],
  ...more,
});
const vault = (...args: string[]): Promise<CliRun> => runVault(args, home);
const json = async (...args: string[]) => JSON.parse((await vault(...args, '--json')).stdout);

describe('a client that authenticates with its private key, at a real authorization server', () => {
  it.each(Object.keys(KEY_HOLDERS))('logs in, renews and revokes with the key %s', async (name) => {
    expect(await vault('login', name)).toMatchObject({ exitCode: 0, stdout: `${name}/${name}\n` });
    const first = (await vault('token', name)).stdout;
    const second = await vault('token', name, '--refresh');
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.stdout).not.toBe(first);
    expect((await json('revoke', name, '--yes')).results).toMatchObject([{ outcome: 'revoked' }]);
  });

  it('logs a user in, refreshes and revokes', async () => {
    const { issuer } = server;
    const keyed = { issuer, clientId: KEYED_APP, clientAuth: 'private_key_jwt' };
    const providers = { [KEYED_APP]: { ...keyed, clientKeyFile: keyFile('es256') } };
    home.configure({ keySource: 'file', providers });
    const login = await logIn(home, [KEYED_APP], signingInAs('alice'));
    expect(login).toMatchObject({ exitCode: 0, stdout: `${KEYED_APP}/alice@example.com\n` });
    const first = (await vault('token', KEYED_APP)).stdout;
    const second = await vault('token', KEYED_APP, '--refresh');
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.stdout).not.toBe(first);
    expect((await json('revoke', KEYED_APP, '--yes')).results).toMatchObject([{ outcome: 'revoked' }]);
  });

  it('can name the issuer as the audience', async () => {
    const own = provider('es256', { clientAssertionAudience: 'issuer' });
    home.configure({ keySource: 'file', providers: { es256: own } });
    expect(await vault('login', 'es256')).toMatchObject({ exitCode: 0 });
  });

  it('is refused with the key of another client', async () => {
    const own = provider('es256', { clientKeyFile: keyFile('eddsa') });
    home.configure({ keySource: 'file', providers: { es256: own } });
    expect((await json('token', 'es256', '--refresh')).error).toMatchObject({ code: 'client_refused' });
  });

  it('names the file that is missing, and sends nothing', async () => {
    const own = provider('es256', { clientKeyFile: keyFile('none') });
    home.configure({ keySource: 'file', providers: { es256: own } });
    const before = server.requests.get('POST /token');
    const { error } = await json('login', 'es256');
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(keyFile('none')),
    });
    expect(server.requests.get('POST /token')).toBe(before);
  });

  it('leaves no secret in output or files', () => {
    expect(canaries.size).toBeGreaterThan(5);
    expect(brokenPromises(home, canaries)).toEqual([]);
  });
});
