import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerConsent, walkConsent } from '../../src/demo/consent-walk.js';
import { type CliProcess, startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

interface Waiting {
  readonly login: CliProcess;
  readonly url: string;
  readonly redirect: URL;
  readonly state: string;
}

async function startLogin(...args: string[]): Promise<Waiting> {
  const login = startVault(['login', 'demo', '--no-browser', ...args], stage.home);
  const url = (await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/)).trim();
  const { searchParams } = new URL(url);
  const redirect = new URL(searchParams.get('redirect_uri') ?? '');
  return { login, url, redirect, state: searchParams.get('state') ?? '' };
}

function send(target: URL, changes: { path?: string; host?: string; method?: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: target.hostname,
        port: target.port,
        path: changes.path ?? target.pathname,
        method: changes.method ?? 'GET',
        headers: { host: changes.host ?? target.host },
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

describe('the listener of a login', () => {
  it('refuses requests of strangers, and still accepts the right callback', async () => {
    const { login, url, redirect, state } = await startLogin();
    const path = redirect.pathname;
    const idle = connect(Number(redirect.port), redirect.hostname);
    idle.on('error', () => {});
    const answers = {
      favicon: await send(redirect, { path: '/favicon.ico' }),
      host: await send(redirect, { path: `${path}?code=x&state=${state}`, host: 'evil.example.com' }),
      otherPort: await send(redirect, { path: `${path}?code=x&state=${state}`, host: '127.0.0.1:1' }),
      method: await send(redirect, { path: `${path}?code=x&state=${state}`, method: 'POST' }),
      denied: await send(redirect, { path: `${path}?error=access_denied` }),
      wrongState: await send(redirect, { path: `${path}?code=x&state=${state}x` }),
    };
    expect(Object.entries(answers).filter(([, status]) => status < 400)).toEqual([]);
    for (let round = 0; round < 10; round += 1) {
      expect(await send(redirect, { path: `${path}?code=${round}&state=wrong` })).toBeGreaterThanOrEqual(400);
    }
    expect(await send(redirect, { path: `${path}?code=x&state=wrong` })).toBe(429);
    expect(stage.demo.requests.token).toBe(0);
    expect((await walkConsent(url)).status).toBe(200);
    expect(await login.done).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
    expect(stage.demo.requests.token).toBe(1);
    idle.destroy();
  });

  it('redeems the right callback once, however often it comes', async () => {
    const { login, url } = await startLogin();
    const callback = new URL(await answerConsent(url));
    const path = `${callback.pathname}${callback.search}`;
    await Promise.allSettled([send(callback, { path }), send(callback, { path }), send(callback, { path })]);
    expect((await login.done).exitCode).toBe(0);
    expect(stage.demo.log.filter(({ kind }) => kind === 'code_redeemed')).toHaveLength(1);
    expect(stage.demo.log.filter(({ kind }) => kind === 'code_replayed')).toHaveLength(0);
    await expect(send(callback, { path })).rejects.toThrow(/ECONNREFUSED/);
  });

  it.each([
    ['another issuer', (callback: URL) => callback.searchParams.set('iss', 'https://evil.example.com')],
    ['no issuer, though the server promised one', (callback: URL) => callback.searchParams.delete('iss')],
    ['a parameter twice', (callback: URL) => callback.searchParams.append('code', 'another')],
  ])('redeems nothing for a callback with %s', async (_, change) => {
    const { login, url } = await startLogin('--timeout', '5s');
    const callback = new URL(await answerConsent(url));
    change(callback);
    await send(callback, { path: `${callback.pathname}${callback.search}` });
    expect((await login.done).exitCode).not.toBe(0);
    expect(stage.demo.requests.token).toBe(0);
    expect((await stage.vault(['list', '--json'])).stdout).toMatch(/"accounts":\s*\[\]/);
  });

  it('times out with a message when no callback comes', async () => {
    const { login } = await startLogin('--timeout', '1s');
    const run = await login.done;
    expect(run).toMatchObject({ exitCode: 4, stdout: '' });
    expect(run.stderr).toMatch(/hint: .*vault login demo/);
  });

  it('closes when the login is interrupted, and leaves nothing behind', async () => {
    const { login, redirect } = await startLogin();
    login.child.kill('SIGINT');
    expect(await login.done).toMatchObject({ exitCode: 130, stdout: '' });
    await expect(send(redirect, {})).rejects.toThrow(/ECONNREFUSED/);
  });

  it('is not needed where the redirect URL is pasted', async () => {
    const login = startVault(['login', 'demo', '--paste', '--no-browser'], stage.home);
    const url = (await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/)).trim();
    login.type('http://127.0.0.1/callback?code=x&state=wrong');
    login.type(await answerConsent(url));
    expect(await login.done).toMatchObject({ exitCode: 0, stdout: 'demo/ada@example.com\n' });
  });
});
