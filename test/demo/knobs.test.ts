import { afterEach, describe, expect, it } from 'vitest';
import { answerConsent } from '../../src/demo/consent-walk.js';
import type { DemoOptions, DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import {
  halfAnswer,
  htmlPage,
  lostAnswer,
  rateLimited,
  refusedConnection,
  slow,
} from '../doubles/demo-faults.js';
import { attempt, kinds, logIn, post, REDIRECT, refresh } from './client.js';

const running: DemoServer[] = [];
afterEach(async () => {
  for (const demo of running.splice(0)) await demo.close();
});

async function start(options: DemoOptions = {}): Promise<DemoServer> {
  const demo = await startDemoServer(options);
  running.push(demo);
  return demo;
}

describe('the faults of the demo server', () => {
  it('occur in the order of the calls and then end', async () => {
    const demo = await start();
    const { refresh_token: token } = (await logIn(demo)).body;
    demo.next('token', rateLimited('7'), 2);
    demo.next('token', htmlPage(502));
    const send = () =>
      fetch(demo.endpoints.token, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: demo.client.id,
          refresh_token: String(token),
        }),
      });
    const answers = [await send(), await send(), await send(), await send()];
    expect(answers.map((answer) => answer.status)).toEqual([429, 429, 502, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('7');
    expect(answers[2]?.headers.get('content-type')).toBe('text/html');
    expect(demo.requests.token).toBe(5);
  });

  it.each([
    ['an answer that is lost', lostAnswer, true],
    ['an answer that breaks off', halfAnswer, true],
    ['a connection that closes', refusedConnection, false],
  ])('leave %s, having rotated or not', async (_, fault, rotated) => {
    const demo = await start();
    const { refresh_token: token } = (await logIn(demo)).body;
    demo.next('token', fault);
    await expect(refresh(demo, token)).rejects.toThrow();
    expect(kinds(demo).includes('rotated')).toBe(rotated);
    expect((await refresh(demo, token)).status).toBe(rotated ? 400 : 200);
  });

  it('can delay one of two concurrent refreshes', async () => {
    const demo = await start();
    const { refresh_token: token } = (await logIn(demo)).body;
    demo.next('token', slow('before', 50));
    const both = await Promise.all([refresh(demo, token), refresh(demo, token)]);
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 400]);
  });

  it('can change the members of an answer', async () => {
    const demo = await start({ knobs: { answerMembers: { expires_in: '3600' }, omitMembers: ['scope'] } });
    const { body } = await logIn(demo);
    expect(body['expires_in']).toBe('3600');
    expect('scope' in body).toBe(false);
  });

  it('can grant less than was ticked', async () => {
    const demo = await start({ knobs: { grantOnly: ['openid'] } });
    expect((await logIn(demo)).body['scope']).toBe('openid');
  });
});

describe('the demo server as a plain OAuth server', () => {
  it('publishes nothing and issues no id_token', async () => {
    const demo = await start({ plain: true });
    expect((await fetch(demo.endpoints.metadata)).status).toBe(404);
    expect('id_token' in (await logIn(demo)).body).toBe(false);
  });

  it('answers in form encoding when told to', async () => {
    const demo = await start({ plain: true, knobs: { tokenAnswer: 'form' } });
    const { url, verifier } = attempt(demo);
    const code = new URL(await answerConsent(url)).searchParams.get('code') ?? '';
    const response = await fetch(demo.endpoints.token, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: demo.client.id,
        redirect_uri: REDIRECT,
        code,
        code_verifier: verifier,
      }),
    });
    expect(response.headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(new URLSearchParams(await response.text()).get('token_type')).toBe('Bearer');
  });

  it.each([
    ['basic-raw', (pair: string) => pair],
    ['basic', (pair: string) => pair.split(':').map(encodeURIComponent).join(':')],
  ] as const)('accepts only JSON, and the client by %s', async (clientAuth, encode) => {
    const demo = await start({ plain: true, clientAuth, tokenBody: 'json' });
    const pair = encode(`${demo.client.id}:${demo.client.secret}`);
    const send = (headers: Record<string, string>, body: string) =>
      fetch(demo.endpoints.token, { method: 'POST', headers, body });
    const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    const type = { 'content-type': 'application/json' };
    const body = JSON.stringify({ grant_type: 'refresh_token', refresh_token: 'refresh-token-example' });
    expect((await send(type, body)).status).toBe(401);
    const right = await send({ ...type, authorization }, body);
    expect(await right.json()).toMatchObject({ error: 'invalid_grant' });
    expect((await post(demo.endpoints.token, { grant_type: 'refresh_token' })).body['error']).toBe(
      'invalid_request',
    );
  });

  it('lets PKCE be left out only where it is optional', async () => {
    const without = { code_challenge: null, code_challenge_method: null };
    const strict = await start();
    const lax = await start({ pkce: 'optional' });
    const status = async (demo: DemoServer) =>
      (await fetch(attempt(demo, without).url, { redirect: 'manual' })).status;
    expect([await status(strict), await status(lax)]).toEqual([303, 200]);
  });
});
