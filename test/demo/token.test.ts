import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { attempt, kinds, logIn, post, redeem, refresh } from './client.js';

let demo: DemoServer;
let time = Date.now();
beforeEach(async () => {
  demo = await startDemoServer({ now: () => time });
});
afterEach(() => demo.close());

describe('the token endpoint of the demo server', () => {
  it('redeems a code with the right verifier', async () => {
    const { status, body } = await logIn(demo);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid email notes.read' });
  });

  it('refuses a wrong verifier and keeps the code for the right one', async () => {
    const { url, verifier } = attempt(demo);
    const code = new URL(await answerConsent(url)).searchParams.get('code') ?? '';
    expect((await redeem(demo, code, 'x'.repeat(43))).body['error']).toBe('invalid_grant');
    expect((await redeem(demo, code, verifier)).status).toBe(200);
  });

  it('ends all tokens of a code that is used a second time', async () => {
    const { url, verifier } = attempt(demo);
    const code = new URL(await answerConsent(url)).searchParams.get('code') ?? '';
    const first = await redeem(demo, code, verifier);
    expect((await redeem(demo, code, verifier)).body['error']).toBe('invalid_grant');
    expect((await refresh(demo, first.body['refresh_token'])).body['error']).toBe('invalid_grant');
    expect(kinds(demo)).toContain('code_replayed');
  });

  it('signs an id_token with the nonce of the request and its own key', async () => {
    const { body } = await logIn(demo);
    const [header, claims, signature] = String(body['id_token']).split('.') as [string, string, string];
    const { keys } = (await (await fetch(demo.endpoints.jwks)).json()) as { keys: JsonWebKey[] };
    const key = createPublicKey({ key: keys[0] ?? {}, format: 'jwk' });
    const signed = Buffer.from(`${header}.${claims}`);
    const bytes = Buffer.from(signature, 'base64url');
    expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true);
    const told = JSON.parse(Buffer.from(claims, 'base64url').toString()) as unknown;
    expect(told).toMatchObject({
      iss: demo.issuer,
      aud: demo.client.id,
      nonce: 'nonce-example',
      sub: 'demo-1815',
    });
  });

  it('rotates the refresh token and ends the family when an old one is reused', async () => {
    const first = (await logIn(demo)).body;
    const second = (await refresh(demo, first['refresh_token'])).body;
    expect(second['refresh_token']).not.toBe(first['refresh_token']);
    expect((await refresh(demo, first['refresh_token'])).body['error']).toBe('invalid_grant');
    expect((await refresh(demo, second['refresh_token'])).body['error']).toBe('invalid_grant');
    expect(kinds(demo).slice(2)).toEqual([
      'rotated',
      'reuse_detected',
      'family_killed',
      'refused',
      'refused',
    ]);
    expect([...demo.refreshUses.values()]).toEqual([2, 1]);
  });

  it('accepts a reuse within the grace period and not after it', async () => {
    demo.knobs.reuseGrace = 5;
    const { refresh_token: old } = (await logIn(demo)).body;
    await refresh(demo, old);
    time += 4_999;
    expect((await refresh(demo, old)).status).toBe(200);
    time += 1;
    expect((await refresh(demo, old)).body['error']).toBe('invalid_grant');
    expect(kinds(demo)).toContain('reuse_forgiven');
  });

  it.each([
    ['keep', true],
    ['none', false],
  ] as const)('with refresh tokens set to %s sends none at a refresh', async (mode, atLogin) => {
    demo.knobs.refreshTokens = mode;
    const { body } = await logIn(demo);
    expect('refresh_token' in body).toBe(atLogin);
    if (!atLogin) return;
    const again = await refresh(demo, body['refresh_token']);
    expect(again.body['access_token']).toMatch(/^demo-access-/);
    expect('refresh_token' in again.body).toBe(false);
  });

  it('does not widen the scopes at a refresh', async () => {
    const { body } = await logIn(demo);
    expect((await refresh(demo, body['refresh_token'], { scope: 'notes.write' })).body['error']).toBe(
      'invalid_scope',
    );
  });

  it('revokes the whole grant by either token, and answers success for others', async () => {
    const { body } = await logIn(demo);
    const revoke = (token: string) => post(demo.endpoints.revoke, { client_id: demo.client.id, token });
    expect((await revoke(String(body['access_token']))).status).toBe(200);
    expect((await refresh(demo, body['refresh_token'])).body['error']).toBe('invalid_grant');
    expect((await revoke('never-issued')).status).toBe(200);
    expect(kinds(demo)).toEqual(expect.arrayContaining(['revoked', 'revoked_unknown']));
  });

  it('ends every grant when the user removes the program', async () => {
    const { body } = await logIn(demo);
    demo.endAllGrants();
    expect((await refresh(demo, body['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  it('returns the owner of an access token until it expires', async () => {
    const { body } = await logIn(demo);
    const ask = () =>
      fetch(demo.endpoints.userinfo, {
        headers: { authorization: `Bearer ${String(body['access_token'])}` },
      });
    expect(await (await ask()).json()).toMatchObject({ sub: 'demo-1815', email: 'ada@example.com' });
    time += 3_600_000;
    expect((await ask()).status).toBe(401);
  });

  it('keeps tokens out of its log and in its list of secrets', async () => {
    const { body } = await logIn(demo);
    const told = JSON.stringify(demo.log);
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      expect(demo.secrets()).toContain(body[name]);
      expect(told).not.toContain(body[name]);
    }
  });
});
