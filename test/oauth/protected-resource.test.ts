import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VaultError } from '../../src/domain/errors.js';
import { findProtectedResource } from '../../src/oauth/protected-resource.js';
import { createHttp } from '../../src/system/http/http.js';
import { type LocalServer, serve } from '../doubles/local-server.js';

const http = createHttp({ env: {} });
let server: LocalServer;
/** What is at a path, as JSON; a challenge is a header of the resource itself. */
let pages: Record<string, unknown>;
let challenge: string | null;
const asked: string[] = [];

beforeEach(async () => {
  pages = {};
  challenge = null;
  asked.length = 0;
  server = await serve((response, request) => {
    asked.push(request.path);
    const page = pages[request.path];
    const headers = challenge === null ? {} : { 'www-authenticate': challenge };
    if (typeof page === 'string') response.writeHead(302, { location: page }).end();
    else if (page === undefined) response.writeHead(request.path === '/mcp' ? 401 : 404, headers).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  });
});
afterEach(() => server.close());
afterAll(() => http.close());

const PLACE = '/.well-known/oauth-protected-resource';
const find = (path = '/mcp') => findProtectedResource(http, new URL(server.url + path));
const about = (path: string, more: object = {}) => ({
  resource: server.url + path,
  authorization_servers: ['https://login.example.com'],
  ...more,
});
const refusal = () =>
  find().then(
    () => 'found',
    ({ code, message }: VaultError) => `${code}: ${message}`,
  );

describe('the metadata of a protected resource', () => {
  it('is where its challenge says, with the scopes of the challenge', async () => {
    challenge = `Bearer resource_metadata="${server.url}/meta", scope="a b"`;
    pages = { '/meta': about('/mcp', { scopes_supported: ['c'] }) };
    expect(await find()).toEqual({
      resource: `${server.url}/mcp`,
      authorizationServers: ['https://login.example.com'],
      scopes: ['a', 'b'],
    });
    expect(asked).toEqual(['/mcp', '/meta']);
  });

  it('is else at the well-known place for its path, then at that of its server', async () => {
    pages = { [`${PLACE}/mcp`]: about('/mcp', { scopes_supported: ['c', 7, 'd e'] }) };
    expect(await find()).toMatchObject({ scopes: ['c'] });
    pages = { [PLACE]: about('') };
    expect(await find()).toMatchObject({ resource: server.url, scopes: null });
    expect(asked.slice(-3)).toEqual(['/mcp', `${PLACE}/mcp`, PLACE]);
  });

  it('is found where the resource answers with a page that is too large to be read', async () => {
    pages = { '/mcp': { text: 'x'.repeat(2_000_000) }, [`${PLACE}/mcp`]: about('/mcp') };
    expect(await find()).not.toBe(null);
  });

  it('does not have to be there', async () => {
    expect(await find()).toBe(null);
  });

  it('is followed to another page of the same server only', async () => {
    pages = { [`${PLACE}/mcp`]: `${PLACE}/moved`, [`${PLACE}/moved`]: about('/mcp') };
    expect(await find()).not.toBe(null);
    pages = { [`${PLACE}/mcp`]: 'https://evil.example/meta' };
    expect(await find()).toBe(null);
  });

  it.each([
    ['another resource', 'publishes metadata about another resource', { resource: 'https://other.example' }],
    ['the server where the resource is a path of it', 'about another resource', { resource: '' }],
    ['no resource', 'about another resource: it names none', { resource: undefined }],
    ['no server', 'names no authorization server', { authorization_servers: [] }],
    [
      'servers that are no addresses',
      'with an https address',
      { authorization_servers: ['javascript:1', 7, 'x'] },
    ],
    ['a server with a query', 'with an https address', { authorization_servers: ['https://a.example/?x'] }],
    ['a server that is plain http', 'with an https address', { authorization_servers: ['http://10.0.0.1'] }],
  ])('is refused if it names %s', async (_, said, members) => {
    challenge = `Bearer resource_metadata="${server.url}/meta"`;
    const resource = 'resource' in members && members.resource === '' ? { resource: server.url } : members;
    pages = { '/meta': about('/mcp', resource) };
    expect(await refusal()).toMatch(/^provider_answer_invalid: /);
    expect(await refusal()).toContain(said);
  });

  it.each(['https://evil.example/meta', 'http://169.254.169.254/latest', 'file:///etc/passwd'])(
    'is not fetched from %s, wherever the challenge points',
    async (address) => {
      challenge = `Bearer resource_metadata="${address}"`;
      expect(await refusal()).toContain('that is not on its own server');
      expect(asked).toEqual(['/mcp']);
    },
  );

  it('reaches no terminal raw, and no list in it is taken whole', async () => {
    challenge = `Bearer resource_metadata="${server.url}/meta"`;
    pages = { '/meta': about('/mcp', { resource: 'https://x.example/\u001b[2J\u202e' }) };
    expect(await refusal()).not.toMatch(/[\u001b\u202e]/);
    const many = Array.from({ length: 20_000 }, (_, index) => `https://a${index}.example`);
    pages = { '/meta': about('/mcp', { authorization_servers: many, scopes_supported: many }) };
    const found = await find();
    expect([found?.authorizationServers.length, found?.scopes?.length]).toEqual([20, 100]);
  });
});
