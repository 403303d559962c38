import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { authorizeDevice, type DevicePoll, pollDevice } from '../../src/oauth/device.js';
import type { Http } from '../../src/system/contract.js';
import { type Answer, json, type LocalServer, localHttp, serve } from '../doubles/local-server.js';
import { jsonClient, plainClient } from '../doubles/provider-bits.js';
import { dropped, htmlPage, oauthError, renewed } from '../doubles/token-endpoint.js';

let server: LocalServer;
let http: Http;
afterEach(async () => {
  await http.close();
  await server.close();
});

async function polled(answer: Answer, provider: DevicePoll['provider'] = plainClient.provider) {
  server = await serve(answer);
  http = localHttp();
  const deviceCode = new Secret('device-code-example');
  return pollDevice(http, { ...plainClient, provider, endpoint: `${server.url}/token`, deviceCode });
}

describe('one poll', () => {
  it('contains grant type, device code and client, and nothing else', async () => {
    await polled(oauthError('authorization_pending'));
    expect(server.received.map(({ method, body }) => [method, body])).toEqual([
      [
        'POST',
        'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=device-code-example&client_id=client-example',
      ],
    ]);
  });

  it.each([
    ['as the standard says it', 'authorization_pending', 400],
    ['as Google says it', 'authorization_pending', 428],
    ['as GitHub says it', 'authorization_pending', 200],
    ['by Google’s status alone', 'something_else', 428],
  ])('is answered "not yet" by %s', async (_, error, status) => {
    expect(await polled(oauthError(error, status))).toEqual({ kind: 'pending' });
  });

  it.each([
    ['as the standard says it', 400, {}, null],
    ['as Google says it', 403, {}, null],
    ['with a new interval, as GitHub says it', 200, { interval: 10 }, 10],
    ['with a new interval in digits', 400, { interval: '12' }, 12],
  ])('is answered "slower" by %s', async (_, status, more, interval) => {
    expect(await polled(oauthError('slow_down', status, more))).toEqual({
      kind: 'slow_down',
      interval,
      retryAfter: null,
    });
  });

  it.each(['access_denied', 'authorization_declined'])('is refused by the user: %s', async (error) => {
    expect(await polled(oauthError(error, 403))).toMatchObject({ kind: 'declined', refused: { error } });
  });

  it('is refused by a policy', async () => {
    const errors = { ...plainClient.provider.errors, policy: ['AADSTS53003'] };
    const answer = oauthError('access_denied', 400, { error_codes: [53003] });
    expect(await polled(answer, { ...plainClient.provider, errors })).toMatchObject({
      kind: 'refused',
      refused: { class: 'policy', detail: 'AADSTS53003' },
    });
  });

  it('ends when the code has expired', async () => {
    expect(await polled(oauthError('expired_token'))).toEqual({ kind: 'expired' });
  });

  it.each([
    ['bad_verification_code', 400, 'login_needed'],
    ['invalid_grant', 400, 'login_needed'],
    ['device_flow_disabled', 200, 'configuration'],
    ['incorrect_device_code', 200, 'configuration'],
    ['invalid_client', 401, 'configuration'],
  ])('is refused for %s', async (error, status, kind) => {
    expect(await polled(oauthError(error, status))).toMatchObject({
      kind: 'refused',
      refused: { error, class: kind },
    });
  });

  it.each<[string, Answer]>([
    ['trouble', oauthError('server_error', 500)],
    ['too much traffic', json(429, {}, { 'retry-after': '30' })],
    ['the page of a captive portal', htmlPage],
  ])('has no clear answer: %s', async (_, answer) => {
    expect(await polled(answer)).toMatchObject({ kind: 'unclear' });
  });

  it('is not repeated after a success without a token', async () => {
    expect(await polled(json(200, { token_type: 'Bearer' }))).toMatchObject({
      kind: 'refused',
      refused: { error: 'no_access_token' },
    });
  });

  it('may return tokens without a refresh token', async () => {
    const answer = await polled(renewed({ refresh_token: undefined }));
    expect(answer).toMatchObject({ kind: 'granted', refreshToken: null });
  });

  it('has no clear answer if none arrives', async () => {
    expect(await polled(dropped)).toMatchObject({ kind: 'unclear', why: { reason: 'reset' } });
  });
});

describe('asking for a device code', () => {
  async function asked(
    client: typeof plainClient | typeof jsonClient,
    device: { clientAuth?: 'none' } | null,
  ) {
    server = await serve(oauthError('invalid_scope'));
    http = localHttp();
    const facts = device === null ? null : { ...device, scopes: null, client: 'x', ownClient: true };
    const provider = { ...client.provider, scopeSeparator: ' ' as const, device: facts };
    const scopes = ['openid', 'email'];
    await authorizeDevice(http, { ...client, provider, endpoint: `${server.url}/device`, scopes });
    return server.received[0];
  }

  it('sends client and scopes as a form, whatever the token endpoint expects', async () => {
    expect((await asked(plainClient, null))?.body).toBe('client_id=client-example&scope=openid+email');
    await http.close();
    await server.close();
    const { body, headers } = (await asked(jsonClient, null)) ?? {};
    expect(body).toBe('client_id=client-example&scope=openid+email');
    expect(headers).toMatchObject({
      authorization: expect.stringMatching(/^Basic /),
      'content-type': 'application/x-www-form-urlencoded',
      'x-version': '1',
    });
  });

  it('sends no secret if the provider expects none in this step', async () => {
    const { body, headers } = (await asked(jsonClient, { clientAuth: 'none' })) ?? {};
    expect(`${body}${JSON.stringify(headers)}`).not.toMatch(/secret|authorization|Basic/);
  });
});
