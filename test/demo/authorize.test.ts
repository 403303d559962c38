import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerConsent } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { attempt, REDIRECT, redeem } from './client.js';

let demo: DemoServer;
beforeAll(async () => {
  demo = await startDemoServer();
});
afterAll(() => demo.close());

async function callback(changes: Record<string, string | null>): Promise<URLSearchParams> {
  return new URL(await answerConsent(attempt(demo, changes).url)).searchParams;
}

describe('the authorization endpoint of the demo server', () => {
  it('sends the code, the state and its issuer back to the loopback address', async () => {
    const target = new URL(await answerConsent(attempt(demo).url));
    expect(`${target.origin}${target.pathname}`).toBe(REDIRECT);
    expect(target.searchParams.get('state')).toBe('state-example');
    expect(target.searchParams.get('iss')).toBe(demo.issuer);
    expect(target.searchParams.get('code')).toMatch(/^demo-code-/);
  });

  it.each([
    ['an unknown client', { client_id: 'somebody-else' }],
    ['a redirect URI elsewhere', { redirect_uri: 'http://example.com/callback' }],
    ['a redirect URI that only looks local', { redirect_uri: 'http://127.0.0.1.example.com/' }],
    ['a redirect URI with encryption', { redirect_uri: 'https://127.0.0.1/callback' }],
    ['a redirect URI with a fragment', { redirect_uri: `${REDIRECT}#x` }],
    ['no redirect URI', { redirect_uri: null }],
  ])('does not redirect for %s', async (_, changes) => {
    const response = await fetch(attempt(demo, changes).url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
  });

  it.each([
    ['no code challenge', { code_challenge: null }, 'invalid_request'],
    ['a plain code challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no state', { state: null }, 'invalid_request'],
    ['a token instead of a code', { response_type: 'token' }, 'unsupported_response_type'],
    ['a scope nobody offers', { scope: 'openid everything' }, 'invalid_scope'],
  ])('answers %s with an error at the redirect URI', async (_, changes, error) => {
    const answer = await callback(changes);
    expect(answer.get('error')).toBe(error);
    expect(answer.get('code')).toBeNull();
  });

  it('sends access_denied when the user declines', async () => {
    const answer = new URL(await answerConsent(attempt(demo).url, { deny: true })).searchParams;
    expect(answer.get('error')).toBe('access_denied');
    expect(answer.get('state')).toBe('state-example');
  });

  it('grants only the ticked scopes, for the chosen user', async () => {
    const { url, verifier } = attempt(demo);
    const target = new URL(await answerConsent(url, { person: 'grace', without: ['notes.read'] }));
    const { body } = await redeem(demo, target.searchParams.get('code') ?? '', verifier);
    expect(body['scope']).toBe('openid email');
    expect(demo.log.findLast((event) => event.kind === 'consented')?.note).toBe('grace');
  });

  it('preselects the user of the login hint', async () => {
    await answerConsent(attempt(demo, { login_hint: 'grace@example.com' }).url);
    expect(demo.log.findLast((event) => event.kind === 'consented')?.note).toBe('grace');
  });

  it('accepts the consent form once', async () => {
    const page = await (await fetch(attempt(demo).url)).text();
    const request = /name="request" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const send = () =>
      fetch(demo.endpoints.consent, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ request, person: 'ada', decision: 'allow' }),
      });
    expect((await send()).status).toBe(303);
    expect((await send()).status).toBe(400);
  });
});
