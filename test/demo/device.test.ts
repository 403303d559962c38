import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { walkDevice } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { kinds, post, refresh, type TokenAnswer } from './client.js';

let now = 0;
let demo: DemoServer;
beforeEach(async () => {
  now = Date.UTC(2026, 2, 1);
  demo = await startDemoServer({ now: () => now });
});
afterEach(() => demo.close());

const begin = (scope = 'openid email') =>
  post(demo.endpoints.deviceAuthorization, { client_id: demo.client.id, scope });

function poll({ body }: TokenAnswer, seconds = 5): Promise<TokenAnswer> {
  now += seconds * 1_000;
  return post(demo.endpoints.token, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: demo.client.id,
    device_code: String(body['device_code']),
  });
}

const type = ({ body }: TokenAnswer, ...rest: [choice?: Parameters<typeof walkDevice>[2]]) =>
  walkDevice(String(body['verification_uri']), String(body['user_code']), ...rest);

describe('the device authorization endpoint of the demo server', () => {
  it('returns two codes, the URL and the interval', async () => {
    const { status, body } = await begin();
    expect(status).toBe(200);
    expect(body).toEqual({
      device_code: expect.stringMatching(/^demo-device-/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: demo.endpoints.device,
      verification_uri_complete: `${demo.endpoints.device}?user_code=${body['user_code']}`,
      expires_in: 600,
      interval: 5,
    });
    expect(demo.secrets()).toContain(body['device_code']);
  });

  it('returns none for an unknown scope or client', async () => {
    expect(await begin('everything')).toMatchObject({ status: 400, body: { error: 'invalid_scope' } });
    const stranger = await post(demo.endpoints.deviceAuthorization, { client_id: 'somebody-else' });
    expect(stranger).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('can imitate the answers of other servers', async () => {
    Object.assign(demo.knobs, {
      deviceInterval: null,
      deviceMembers: { verification_url: 'x', verification_uri: undefined },
    });
    expect(Object.keys((await begin()).body)).not.toEqual(
      expect.arrayContaining(['interval', 'verification_uri']),
    );
  });
});

describe('the verification page', () => {
  it('accepts the code in any spelling, and shows it again', async () => {
    const { body } = await begin();
    expect(await (await fetch(demo.endpoints.device)).text()).toContain('name="user_code"');
    const typed = String(body['user_code']).toLowerCase().replace('-', ' ');
    const shown = await (
      await fetch(`${demo.endpoints.device}?user_code=${encodeURIComponent(typed)}`)
    ).text();
    expect(shown).toContain(`<strong>${body['user_code']}</strong>`);
  });

  it('refuses unknown, used and expired codes', async () => {
    const page = (code: unknown) => fetch(`${demo.endpoints.device}?user_code=${code}`);
    expect((await page('<b>')).status).toBe(400);
    expect(await (await page('<b>')).text()).not.toContain('<b>');
    const { body } = await begin();
    now += 601_000;
    expect((await page(body['user_code'])).status).toBe(400);
    const second = await begin();
    await type(second);
    expect((await page(second.body['user_code'])).status).toBe(400);
  });
});

describe('polling', () => {
  it('returns tokens once after the user has allowed it', async () => {
    const begun = await begin();
    expect(await poll(begun)).toMatchObject({ status: 400, body: { error: 'authorization_pending' } });
    await type(begun, { person: 'grace', without: ['email'] });
    const { status, body } = await poll(begun);
    expect([status, body['scope']]).toEqual([200, 'openid']);
    expect((await refresh(demo, body['refresh_token'])).status).toBe(200);
    expect(await poll(begun)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(kinds(demo)).toEqual(['refused', 'consented', 'code_redeemed', 'rotated', 'refused']);
  });

  it('too fast is answered with slow_down and a longer interval', async () => {
    const begun = await begin();
    expect(await poll(begun, 4)).toMatchObject({ body: { error: 'slow_down' } });
    expect(await poll(begun, 9)).toMatchObject({ body: { error: 'slow_down' } });
    expect(await poll(begun, 15)).toMatchObject({ body: { error: 'authorization_pending' } });
  });

  it('ends when the user declines, and when the code expires', async () => {
    const denied = await begin();
    await type(denied, { deny: true });
    expect(await poll(denied)).toMatchObject({ status: 400, body: { error: 'access_denied' } });
    expect(await poll(await begin(), 601)).toMatchObject({ status: 400, body: { error: 'expired_token' } });
  });

  it('can answer pending for a while, with the status of other servers', async () => {
    Object.assign(demo.knobs, { devicePendings: 1, pendingStatus: 428, slowDownStatus: 403 });
    const begun = await begin();
    await type(begun);
    expect((await poll(begun)).status).toBe(428);
    expect((await poll(begun, 1)).status).toBe(403);
    expect((await poll(begun, 10)).status).toBe(200);
  });
});
