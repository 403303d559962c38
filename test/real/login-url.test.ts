import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCanaries } from '../harness/canaries.js';
import { runVault, startVault } from '../harness/cli.js';
import { logIn } from '../harness/login.js';
import { startMcpAuthServer } from '../harness/mcp-auth-server.js';
import { type McpServerOptions, type ProtectedMcpServer, startMcpServer } from '../harness/mcp-server.js';
import { type OidcOptions, type OidcServer, startOidcServer } from '../harness/oidc-server.js';
import { signingInAs } from '../harness/oidc-walk.js';
import { needs } from '../harness/parts.js';
import { brokenPromises } from '../harness/promises.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const PROGRAMS = join(import.meta.dirname, '../harness/mcp.mjs');
const SCOPES = ['tools:read', 'tools:write'];

const REGISTRATION = {
  registration: { enabled: true },
  registrationManagement: { enabled: true },
  resourceIndicators: {
    enabled: true,
    getResourceServerInfo: (_: unknown, resource: string) => ({
      scope: SCOPES.join(' '),
      audience: resource,
      accessTokenFormat: 'opaque',
    }),
    useGrantedResource: () => true,
  },
};

/** RFC 9126 §5. */
const PUSHED = { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } };

let canaries = createCanaries();
let home: TempHome;
let server: OidcServer;
let mcp: ProtectedMcpServer;
beforeEach((context) => {
  needs(context, 'the built command line');
  canaries = createCanaries();
  home = makeTempHome();
});
afterEach(async () => {
  await mcp?.close();
  await server?.close();
  expect(brokenPromises(home, canaries)).toEqual([]);
  home.remove();
});

async function start(options: OidcOptions = {}, more: Partial<McpServerOptions> = {}): Promise<void> {
  const { features, ...rest } = options;
  server = await startOidcServer(canaries, { ...rest, features: { ...REGISTRATION, ...features } });
  mcp = await startMcpServer({ issuer: server.issuer, scopes: SCOPES, check: introspect, ...more });
}

/** As the machine that may ask the server about tokens. */
async function introspect(token: string) {
  const { clientId, clientSecret } = server.machine;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const answer = await fetch(`${server.issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ token }),
  });
  const facts = (await answer.json()) as { active: boolean; scope?: string; aud?: string };
  return facts.active ? { scopes: (facts.scope ?? '').split(' '), resource: facts.aud ?? null } : null;
}

const vault = (...args: string[]) => runVault(args, home);
const logInAs = (person: string, ...args: string[]) => logIn(home, args, signingInAs(person));
const name = () => new URL(mcp.url).host.replace(':', '-');
const entry = () => home.config().providers[name()];

/** Calls a tool of the protected server, which answers with the digest of the token that it got. */
async function callTool(): Promise<string> {
  const vaultPath = join(import.meta.dirname, '../../bin/vault.js');
  const helper = `${process.execPath} ${vaultPath} helper mcp ${name()} --for ${mcp.url}`;
  const child = spawn(process.execPath, [PROGRAMS, 'client', mcp.url, helper], { env: home.env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  await once(child, 'close');
  return text.trim();
}

async function digestOfToken(): Promise<string> {
  const { stdout } = await vault('token', name());
  return createHash('sha256').update(stdout.trim()).digest('hex');
}

describe('vault login URL', () => {
  it('needs no configuration for a protected MCP server', async () => {
    await start();
    const login = await logInAs('alice', mcp.url);
    expect(login).toMatchObject({ exitCode: 0, stdout: `${name()}/alice@example.com\n` });
    expect(login.stderr).toContain(`logging in at ${server.issuer}, which issues the tokens for ${mcp.url}`);
    expect(entry()).toEqual({
      issuer: server.issuer,
      resource: mcp.url,
      scopes: [SCOPES[0], 'openid', 'email', 'offline_access'],
      client: 'registered',
    });
    expect(await callTool()).toBe(await digestOfToken());
    const before = await digestOfToken();
    expect(await vault('refresh', name(), '--force')).toMatchObject({ exitCode: 0 });
    expect(await digestOfToken()).not.toBe(before);
    expect(await callTool()).toBe(await digestOfToken());
    expect(await vault('doctor')).toMatchObject({ exitCode: 0 });
    const token = (await vault('token', name())).stdout.trim();
    expect(await vault('revoke', name(), '--yes')).toMatchObject({ exitCode: 0 });
    expect(await introspect(token)).toBe(null);
    expect(server.requests.get('POST /reg')).toBe(1);
  });

  it.each([
    ['a path in the issuer', { path: '/tenant' }, {}],
    ['a 401 that names no metadata', {}, { challenges: false }],
    ['pushed requests that are required', { features: PUSHED }, {}],
  ])('works with %s', async (_, options, more) => {
    await start(options, more);
    expect(await logInAs('alice', mcp.url)).toMatchObject({ exitCode: 0 });
    expect(await callTool()).toBe(await digestOfToken());
    expect(await vault('refresh', name(), '--force')).toMatchObject({ exitCode: 0 });
    expect(await callTool()).toBe(await digestOfToken());
    expect(server.requests.get('POST /request') ?? 0).toBe('features' in options ? 1 : 0);
  });

  it('pushes the request of an ordinary provider where the server requires it', async () => {
    await start({ features: PUSHED });
    home.configure({
      keySource: 'file',
      providers: { acme: { issuer: server.issuer, clientId: server.clientId } },
    });
    expect(await logInAs('alice', 'acme')).toMatchObject({ exitCode: 0 });
    expect(server.requests.get('POST /request')).toBe(1);
  });

  it('takes the issuer itself, for a server that protects nothing', async () => {
    await start();
    const login = await logInAs('alice', server.issuer);
    const provider = new URL(server.issuer).host.replace(':', '-');
    expect(login).toMatchObject({ exitCode: 0, stdout: `${provider}/alice@example.com\n` });
    expect(home.config().providers[provider]).not.toHaveProperty('resource');
  });

  it('uses the client that the user has at that server, and registers none', async () => {
    await start();
    home.configure({
      keySource: 'file',
      providers: { acme: { issuer: server.issuer, clientId: server.clientId } },
    });
    expect(await logInAs('alice', mcp.url)).toMatchObject({ exitCode: 0 });
    expect(entry()).toMatchObject({ client: 'acme', resource: mcp.url });
    expect(await callTool()).toBe(await digestOfToken());
    expect(server.requests.get('POST /reg')).toBe(undefined);
  });

  it('logs in again by the same URL with the same client', async () => {
    await start();
    await logInAs('alice', mcp.url);
    expect(await logInAs('alice', mcp.url)).toMatchObject({ exitCode: 0 });
    expect(await logInAs('bob', mcp.url)).toMatchObject({ stdout: `${name()}/bob@example.com\n` });
    expect(server.requests.get('POST /reg')).toBe(1);
    expect(Object.keys(home.config().providers)).toEqual([name()]);
  });

  it('registers one client for two logins at the same time, and keeps both entries', async () => {
    await start();
    const other = await startMcpServer({ issuer: server.issuer, scopes: SCOPES, check: introspect });
    try {
      const logins = [logInAs('alice', mcp.url), logInAs('bob', mcp.url), logInAs('carol', other.url)];
      const codes = (await Promise.all(logins)).map(({ exitCode }) => exitCode);
      expect(codes).toEqual([0, 0, 0]);
      expect(server.requests.get('POST /reg')).toBe(1);
      const resources = Object.values(home.config().providers).map(({ resource }) => resource);
      expect(resources.toSorted()).toEqual([mcp.url, other.url].toSorted());
      expect(await vault('refresh', '--all', '--force')).toMatchObject({ exitCode: 0 });
    } finally {
      await other.close();
    }
  });

  it('asks for one more scope with the header of the refusal', async () => {
    await start();
    await logInAs('alice', mcp.url);
    const header = `WWW-Authenticate: Bearer error="insufficient_scope", scope="${SCOPES[1]}"`;
    const command = startVault(['login', name(), '--add-scope', '-', '--no-browser', '--json'], home);
    command.child.stdin?.end(header);
    await signingInAs('alice')((await command.stderrLine(/^http\S+state=/)).trim());
    const stepUp = await command.done;
    expect(JSON.parse(stepUp.stdout)).toMatchObject({ scopes: expect.arrayContaining(SCOPES) });
  });

  it('sends nothing but requests for metadata with --dry-run, and writes nothing', async () => {
    await start();
    const plan = JSON.parse((await vault('login', mcp.url, '--dry-run', '--json')).stdout);
    expect(plan).toMatchObject({ issuer: server.issuer, resource: mcp.url, registered: true, client_id: '' });
    expect(home.config().providers).toEqual({});
    expect([...server.requests.keys()].filter((place) => place.startsWith('POST'))).toEqual([]);
  });
});

describe('an authorization server made with the MCP library', () => {
  it('serves a login, a call, a refresh and a revocation, for an account without a user', async () => {
    const authorization = await startMcpAuthServer(canaries);
    try {
      const { issuer, check } = authorization;
      mcp = await startMcpServer({ issuer, scopes: SCOPES, check });
      const login = await logIn(home, [mcp.url], (url) => fetch(url));
      expect(login).toMatchObject({ exitCode: 0, stdout: `${name()}/me\n` });
      expect(entry()).toEqual({ issuer, resource: mcp.url, scopes: [SCOPES[0]], client: 'registered' });
      expect(await callTool()).toBe(await digestOfToken());
      expect(await vault('refresh', name(), '--force')).toMatchObject({ exitCode: 0 });
      expect(await callTool()).toBe(await digestOfToken());
      expect(authorization.resources).toEqual([mcp.url, mcp.url]);
      expect(await logIn(home, [mcp.url], (url) => fetch(url))).toMatchObject({ stdout: `${name()}/me\n` });
      const token = (await vault('token', name())).stdout.trim();
      expect(await vault('revoke', name(), '--yes')).toMatchObject({ exitCode: 0 });
      expect(await check(token)).toBe(null);
    } finally {
      await authorization.close();
    }
  });
});

describe('a login by URL is refused', () => {
  it('if the metadata of the authorization server names another issuer', async () => {
    await start({ metadata: (document) => ({ ...document, issuer: 'https://evil.example' }) });
    const login = await logInAs('alice', mcp.url);
    expect(login).toMatchObject({ exitCode: 5, stdout: '' });
    expect(login.stderr).toContain(`${mcp.url} names ${server.issuer} as its authorization server, but`);
    expect(login.stderr).toContain('names another issuer in its metadata');
    expect(login.stderr).not.toContain('config.json');
    expect(home.config().providers).toEqual({});
  });

  it('if the answer comes from another server than the one that was asked', async () => {
    await start();
    const walk = signingInAs('alice');
    const login = await logIn(home, [mcp.url], (url) => walk(url, { iss: 'https://evil.example' }));
    expect(login).toMatchObject({ exitCode: 4, stdout: '' });
    expect(login.stderr).toContain('does not come from the server that was asked');
  });

  it.each([
    ['registered', 'vault providers --forget mine'],
    ['acme', 'vault config edit'],
  ])('if the resource names another server than before, with the client %s', async (client, hint) => {
    await start();
    const issuer = 'https://login.example.com';
    home.configure({
      keySource: 'file',
      providers: { acme: { issuer, clientId: 'a' }, mine: { issuer, resource: mcp.url, client } },
    });
    const login = await logInAs('alice', mcp.url);
    expect(login).toMatchObject({ exitCode: 5, stdout: '' });
    expect(login.stderr).toContain(`another authorization server now: ${server.issuer} instead of ${issuer}`);
    expect(login.stderr).toContain(hint);
  });

  it('if the server registers no clients', async () => {
    await start({
      features: { registration: { enabled: false }, registrationManagement: { enabled: false } },
    });
    const login = await logInAs('alice', mcp.url);
    expect(login).toMatchObject({ exitCode: 2, stdout: '' });
    expect(login.stderr).toContain(`vault setup NAME --issuer ${server.issuer}`);
  });
});

describe('a client that vault registered', () => {
  it('is shown without its secrets, and forgotten after its accounts', async () => {
    await start();
    await logInAs('alice', mcp.url);
    const shown = await vault('providers', name());
    expect(shown.stdout).toMatch(/client id +\S+ \(registered by vault/);
    const [view] = JSON.parse((await vault('providers', name(), '--json')).stdout).providers;
    expect(view).toMatchObject({ resource: mcp.url, registers: true, registration: { refused_at: null } });
    expect(await vault('providers', name(), '--forget')).toMatchObject({ exitCode: 2 });
    await vault('revoke', name(), '--yes');
    const forgotten = await vault('providers', name(), '--forget', '--json');
    expect(JSON.parse(forgotten.stdout)).toEqual({
      forgotten: [name()],
      client_id: view.registration.client_id,
      deleted: true,
    });
    expect(home.config().providers).toEqual({});
    expect(await vault('audit', '--verify')).toMatchObject({ exitCode: 0 });
  });

  it('has a secret where the server wants one, and it is renewed when it has ended', async () => {
    await start({
      metadata: (document) => ({
        ...document,
        token_endpoint_auth_methods_supported: ['client_secret_basic'],
      }),
    });
    server.secretLifetime = 3;
    await logInAs('alice', mcp.url);
    expect(await callTool()).toBe(await digestOfToken());
    const { providers } = JSON.parse((await vault('providers', name(), '--json')).stdout);
    expect(providers[0].registration.secret_expires_at).not.toBe(null);
    await sleep(3_100);
    server.secretLifetime = 0;
    const refused = await vault('token', name(), '--refresh');
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toContain('no longer accepts the client that this program registered');
    const again = await logInAs('alice', name());
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stderr).toContain('another one was registered');
    expect(await callTool()).toBe(await digestOfToken());
    expect(server.requests.get('POST /reg')).toBe(2);
  });

  it('is registered again before the browser opens, if the server has lost it', async () => {
    await start();
    await logInAs('alice', mcp.url);
    const { providers } = JSON.parse((await vault('providers', name(), '--json')).stdout);
    server.forgetClient(providers[0].registration.client_id);
    expect(await logInAs('alice', mcp.url)).toMatchObject({ exitCode: 0 });
    expect(server.requests.get('POST /reg')).toBe(2);
    expect(await callTool()).toBe(await digestOfToken());
  });
});
