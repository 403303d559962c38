import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { exchangeCode, refresh } from '../../src/oauth/token-endpoint.js';
import { type Answer, json, type LocalServer, localHttp, serve, serveRaw } from '../doubles/local-server.js';
import { jsonClient, plainClient } from '../doubles/provider-bits.js';

const http = localHttp();
let server: LocalServer;

async function answering(answer: Answer): Promise<string> {
  server = await serve(answer);
  return `${server.url}/token`;
}

function sentForm(): Record<string, string> {
  expect(server.received).toHaveLength(1);
  return Object.fromEntries(new URLSearchParams(server.received[0]?.body));
}

const code = { code: new Secret('code-example'), redirectUri: 'http://127.0.0.1:50000/callback' };
const refreshToken = new Secret('refresh-token-example');
const success = json(200, { access_token: 'access-token-example', token_type: 'Bearer' });

afterEach(() => server.close());
afterAll(() => http.close());

describe('the exchange of a code', () => {
  it('sends the verifier, the redirect URI and the code once', async () => {
    const endpoint = await answering(success);
    const codeVerifier = new Secret('verifier-example');
    const answer = await exchangeCode(http, { ...plainClient, ...code, endpoint, codeVerifier });
    expect(answer.kind).toBe('granted');
    expect(sentForm()).toEqual({
      grant_type: 'authorization_code',
      code: 'code-example',
      redirect_uri: 'http://127.0.0.1:50000/callback',
      code_verifier: 'verifier-example',
      client_id: 'client-example',
    });
    expect(server.received[0]).toMatchObject({ method: 'POST', headers: { accept: 'application/json' } });
  });

  it('uses JSON and Basic if the provider expects them, and no verifier without PKCE', async () => {
    const endpoint = await answering(success);
    await exchangeCode(http, { ...jsonClient, ...code, endpoint, codeVerifier: null });
    const [request] = server.received;
    expect(JSON.parse(request?.body ?? '')).toEqual({
      grant_type: 'authorization_code',
      code: 'code-example',
      redirect_uri: 'http://127.0.0.1:50000/callback',
    });
    const basic = Buffer.from('client-example:client-secret-example').toString('base64');
    expect(request?.headers).toMatchObject({
      authorization: `Basic ${basic}`,
      'content-type': 'application/json',
      'x-version': '1',
    });
  });

  it('never shows what it sent, even if the server repeats it', async () => {
    const endpoint = await answering((response, { headers, body }) => {
      const error_description = `${body} ${JSON.stringify(headers)} code-example verifier-example client-secret-example`;
      json(400, { error: 'invalid_grant', error_description })(response, server.received[0] as never);
    });
    const codeVerifier = new Secret('verifier-example');
    const answer = await exchangeCode(http, { ...jsonClient, ...code, endpoint, codeVerifier });
    expect(answer).toMatchObject({ kind: 'refused', error: 'invalid_grant' });
    expect(JSON.stringify(answer)).not.toMatch(/code-example|verifier-example|client-secret-example/);
  });
});

describe('a refresh', () => {
  it('sends the refresh token once, and no scopes unless given', async () => {
    const endpoint = await answering(success);
    const answer = await refresh(http, { ...plainClient, endpoint, refreshToken });
    expect(answer.kind).toBe('granted');
    expect(sentForm()).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-example',
      client_id: 'client-example',
    });
  });

  it('sends given scopes and provider parameters, which replace no other parameter', async () => {
    const endpoint = await answering(success);
    const refreshParams = { redirect_uri: 'http://127.0.0.1', refresh_token: 'x', grant_type: 'y' };
    const provider = { ...plainClient.provider, refreshParams, scopeSeparator: ',' } as const;
    await refresh(http, { ...plainClient, provider, endpoint, refreshToken, scopes: ['a', 'b'] });
    expect(sentForm()).toMatchObject({
      redirect_uri: 'http://127.0.0.1',
      refresh_token: 'refresh-token-example',
      grant_type: 'refresh_token',
      scope: 'a,b',
    });
  });

  it('reads a Retry-After date by the given clock', async () => {
    const endpoint = await answering(json(503, {}, { 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }));
    const now = () => Date.parse('2026-11-20T12:00:00Z');
    const answer = await refresh(http, { ...plainClient, endpoint, refreshToken, now });
    expect(answer).toMatchObject({ kind: 'refused', class: 'transient', retryAfter: 30_000 });
  });

  it.each([[500], [429], [307]])('is not repeated after status %i', async (status) => {
    const endpoint = await answering(json(status, {}, { location: '/token', 'retry-after': '0' }));
    expect((await refresh(http, { ...plainClient, endpoint, refreshToken })).kind).toBe('refused');
    expect(server.received).toHaveLength(1);
  });

  it('without an answer reports whether the token may have arrived', async () => {
    await answering(success);
    const silent = await serveRaw((socket) => socket.once('data', () => socket.destroy()));
    const exchange = { ...plainClient, endpoint: silent.url, refreshToken };
    await expect(refresh(http, exchange)).rejects.toMatchObject({ reason: 'reset', sent: 'maybe' });
    await silent.close();
    await expect(refresh(http, exchange)).rejects.toMatchObject({ reason: 'refused', sent: 'no' });
  });

  it('obeys its deadline and its signal', async () => {
    const endpoint = await answering(() => undefined);
    const exchange = { ...plainClient, endpoint, refreshToken };
    await expect(refresh(http, { ...exchange, deadline: 100 })).rejects.toMatchObject({ reason: 'timeout' });
    const signal = AbortSignal.timeout(50);
    await expect(refresh(http, { ...exchange, signal })).rejects.toMatchObject({ reason: 'aborted' });
  });
});
