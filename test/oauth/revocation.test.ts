import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { type Revocation, revoke } from '../../src/oauth/revocation.js';
import { type Answer, json, type LocalServer, localHttp, serve } from '../doubles/local-server.js';
import { jsonClient, plainClient } from '../doubles/provider-bits.js';

const http = localHttp();
const facts = { style: 'rfc7009', alreadyGone: ['400 invalid_token'], caution: null } as const;
const token = new Secret('refresh-token-example');
let server: LocalServer | null = null;

async function revokeAt(answer: Answer, change: Partial<Revocation> = {}) {
  server = await serve(answer);
  const endpoint = `${server.url}/revoke`;
  return revoke(http, { ...plainClient, endpoint, token, hint: 'refresh_token', facts, ...change });
}

afterEach(async () => {
  await server?.close();
  server = null;
});
afterAll(() => http.close());

describe('a revocation', () => {
  it('is a form with the token, its kind and the client', async () => {
    expect(await revokeAt(json(200, {}))).toEqual({ kind: 'revoked' });
    expect(Object.fromEntries(new URLSearchParams(server?.received[0]?.body))).toEqual({
      token: 'refresh-token-example',
      token_type_hint: 'refresh_token',
      client_id: 'client-example',
    });
  });

  it('is JSON with only the token if the provider expects that', async () => {
    await revokeAt(json(200, {}), { ...jsonClient, facts: { ...facts, style: 'json' } });
    expect(JSON.parse(server?.received[0]?.body ?? '')).toEqual({ token: 'refresh-token-example' });
    expect(server?.received[0]?.headers['authorization']).toMatch(/^Basic /);
  });

  it('is a DELETE with a whole body where the provider wants that', async () => {
    const github = { style: 'json', method: 'DELETE', parameter: 'access_token' } as const;
    await revokeAt(json(204, {}), { ...jsonClient, facts: { ...facts, ...github } });
    const [{ method, body, headers } = {}] = server?.received ?? [];
    expect([method, JSON.parse(body ?? '')]).toEqual(['DELETE', { access_token: 'refresh-token-example' }]);
    expect(headers?.['content-length']).toBe(String(body?.length));
  });

  it('is a request with the token as its authorization, and then without the client', async () => {
    await revokeAt(json(200, { ok: true }), { ...plainClient, facts: { ...facts, style: 'bearer' } });
    const [{ method, body, headers } = {}] = server?.received ?? [];
    expect([method, body, headers?.authorization]).toEqual(['POST', '', 'Bearer refresh-token-example']);
  });

  it('that takes a working access token only says so when the token has ended', async () => {
    const ended = json(401, { ok: false });
    expect(await revokeAt(ended, { ...plainClient, facts: { ...facts, style: 'bearer' } })).toMatchObject({
      kind: 'refused',
      description: 'it takes only an access token that still works; refresh it first',
    });
  });

  it('is a form even if the token requests of the provider are JSON', async () => {
    await revokeAt(json(200, {}), jsonClient);
    expect(server?.received[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it.each([
    ['200 with an object', json(200, {})],
    ['200 with nothing', (response: Parameters<Answer>[0]) => response.end()],
    ['200 with a page', (response: Parameters<Answer>[0]) => response.end('<p>Done</p>')],
    ['204', (response: Parameters<Answer>[0]) => response.writeHead(204).end()],
  ])('is done with %s', async (_, answer) => {
    expect(await revokeAt(answer)).toEqual({ kind: 'revoked' });
  });

  it('finds the token already revoked if the provider says so in its own way', async () => {
    expect(await revokeAt(json(400, { error: 'invalid_token' }))).toEqual({ kind: 'already_gone' });
    await server?.close();
    const outcome = await revokeAt(json(400, { error: 'invalid_token' }), {
      facts: { ...facts, alreadyGone: [] },
    });
    expect(outcome).toMatchObject({ kind: 'refused', error: 'invalid_token' });
  });

  it.each([503, 429, 500])('can be repeated later after status %i', async (status) => {
    const outcome = await revokeAt(json(status, { error: 'invalid_token' }));
    const reason = `${server?.host} answered with status ${status}`;
    expect(outcome).toEqual({ kind: 'transient', reason });
  });

  it('is refused by a bare status for a client without a secret', async () => {
    const bare: Answer = (response) => void response.writeHead(401).end();
    expect(await revokeAt(bare)).toEqual({
      kind: 'refused',
      error: 'http_401',
      description: 'it accepts no revocation from a client without a secret',
    });
    await server?.close();
    expect(await revokeAt(bare, jsonClient)).toEqual({
      kind: 'refused',
      error: 'http_401',
      description: null,
    });
  });

  it('can be repeated later after a page from a gateway', async () => {
    const outcome = await revokeAt((response) => response.writeHead(403).end('<html>Sign in</html>'));
    expect(outcome.kind).toBe('transient');
  });

  it.each([
    ['unsupported_token_type', 400],
    ['invalid_client', 401],
    ['invalid_request', 200],
  ])('is refused with %s', async (error, status) => {
    const outcome = await revokeAt(json(status, { error, error_description: 'no: refresh-token-example' }));
    expect(outcome).toEqual({ kind: 'refused', error, description: 'no: [redacted]' });
  });

  it('is refused by a redirect, which is not followed', async () => {
    const outcome = await revokeAt((response) => response.writeHead(307, { location: '/elsewhere' }).end());
    expect(outcome).toMatchObject({ kind: 'refused', error: 'http_307' });
    expect(server?.received).toHaveLength(1);
  });

  it('can be repeated later if the provider is unreachable', async () => {
    server = await serve(json(200, {}));
    const { host, url: endpoint } = server;
    await server.close();
    const outcome = await revoke(http, { ...plainClient, endpoint, token, hint: 'refresh_token', facts });
    const reason = `${host} could not be reached: the connection was refused`;
    expect(outcome).toEqual({ kind: 'transient', reason });
  });
});
