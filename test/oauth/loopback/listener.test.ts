import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { listen } from '../../../src/oauth/loopback/listener.js';
import { rawRequest, silentConnection } from '../../doubles/raw-request.js';
import { STATE, stage } from './stage.js';

const CALLBACK = `/callback?code=code-example&state=${STATE}`;
const ALL = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
const hasIpv6 = ALL.some((entry) => entry.address === '::1');
const lan = ALL.find((entry) => !entry.internal && entry.family === 'IPv4')?.address;

describe('the loopback listener', () => {
  it('returns the address to which the browser was sent', async () => {
    const { listener, get } = await stage();
    expect(listener.redirectUri).toBe(`http://127.0.0.1:${listener.port}/callback`);
    await get(`${CALLBACK}&scope=a%20b`);
    expect((await listener.response).href).toBe(
      `${listener.redirectUri}?code=code-example&state=${STATE}&scope=a%20b`,
    );
  });

  it('sends the browser to an address without the code', async () => {
    const { get, listener } = await stage();
    const answer = await get(CALLBACK);
    expect(answer).toMatchObject({ status: 302, headers: { location: '/done' }, body: '' });
    expect(JSON.stringify(answer)).not.toMatch(/code-example|state-example/);
    listener.conclude('logged_in');
    expect(await get('/done')).toMatchObject({
      status: 200,
      body: expect.stringContaining('Logged in to Example'),
    });
  });

  it('shows how the login ended once that is known', async () => {
    const { get, listener } = await stage();
    await get(CALLBACK);
    let shown = false;
    const page = get('/done').finally(() => {
      shown = true;
    });
    await get('/nothing');
    expect(shown).toBe(false);
    listener.conclude('key_unavailable');
    listener.conclude('logged_in');
    const { body } = await page;
    expect(body).toContain('The login failed');
    expect(body).toContain('The key of your vault is not available');
  });

  it('shows a failure if it is closed without an outcome', async () => {
    const { get, listener } = await stage();
    await get(CALLBACK);
    const page = get('/done');
    await get('/nothing');
    await listener.close();
    expect((await page).body).toContain('The login failed');
  });

  it('shows that the terminal continues if the login takes longer than five seconds', async () => {
    const { get } = await stage();
    await get(CALLBACK);
    expect((await get('/done')).body).toContain('You can go back to your terminal');
  });

  it('expects / for a redirect URI without a path', async () => {
    const { listener, get } = await stage({ path: '' });
    expect(listener.redirectUri).toBe(`http://127.0.0.1:${listener.port}`);
    expect((await get(`/?code=c&state=${STATE}`)).headers['location']).toBe('/done');
    expect((await listener.response).searchParams.get('code')).toBe('c');
  });

  it('moves its page if the redirect URI has the same path', async () => {
    const { get, listener } = await stage({ path: '/done' });
    expect((await get(`/done?code=c&state=${STATE}`)).headers['location']).toBe('/finished');
    listener.conclude('logged_in');
    expect((await get('/finished')).status).toBe(200);
  });

  it('distinguishes refusal and success on the page', async () => {
    const { listener, get } = await stage();
    await get(`/callback?error=access_denied&error_description=%3Cscript%3E&state=${STATE}`);
    const page = await get('/done');
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('The login was refused') });
    expect(page.body).not.toMatch(/script|access_denied/);
    expect((await listener.response).searchParams.get('error')).toBe('access_denied');
  });

  it('accepts the callback once, and tells later visitors so', async () => {
    const { listener, get } = await stage();
    await get(CALLBACK);
    const again = await get(`/callback?code=another&state=${STATE}`);
    expect(again).toMatchObject({ status: 410, body: expect.stringContaining('This login is over') });
    expect((await listener.response).searchParams.get('code')).toBe('code-example');
    expect((await get('/done')).status).toBe(200);
  });

  it('shows no page before there is an answer', async () => {
    const { get } = await stage();
    expect((await get('/done')).status).toBe(404);
  });

  it.skipIf(!hasIpv6)('listens in both address families for localhost', async () => {
    const { listener, get } = await stage({ host: 'localhost' });
    expect(listener.redirectUri).toBe(`http://localhost:${listener.port}/callback`);
    const request = `GET /nothing HTTP/1.1\r\nHost: localhost:${listener.port}\r\n\r\n`;
    expect((await rawRequest(listener.port, request, '::1')).status).toBe(404);
    expect(await get('/nothing')).toMatchObject({
      status: 404,
      body: expect.stringContaining('This link is not part of a login'),
    });
    const callback = `GET ${CALLBACK} HTTP/1.1\r\nHost: localhost:${listener.port}\r\n\r\n`;
    expect((await rawRequest(listener.port, callback, '::1')).status).toBe(302);
    expect((await listener.response).host).toBe(`localhost:${listener.port}`);
  });

  it.skipIf(!hasIpv6)('listens on ::1 only for localhost', async () => {
    const { listener } = await stage();
    await expect(rawRequest(listener.port, 'GET / HTTP/1.1\r\n\r\n', '::1')).rejects.toThrow('ECONNREFUSED');
  });

  it.skipIf(lan === undefined)('cannot be reached from other machines', async () => {
    const { listener } = await stage({ host: 'localhost' });
    await expect(rawRequest(listener.port, 'GET / HTTP/1.1\r\n\r\n', lan)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the port', () => {
  const options = {
    path: '/callback',
    title: 'Example',
    state: STATE,
    signal: new AbortController().signal,
    toBeCopied: false,
    isOtherUser: async () => false,
    onStray: () => undefined,
  };

  it.each([['127.0.0.1'], ['localhost']] as const)(
    'of another program is an error with a hint (%s)',
    async (host) => {
      const { listener } = await stage();
      await expect(listen({ ...options, host, port: listener.port })).rejects.toMatchObject({
        code: 'port_unavailable',
        message: expect.stringContaining(String(listener.port)),
        hint: expect.stringContaining('--port'),
      });
    },
  );

  it.skipIf(!hasIpv6)('of another program in one address family is not used in the other', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '::1', resolve));
    const { port } = squatter.address() as { port: number };
    await expect(listen({ ...options, host: 'localhost', port })).rejects.toMatchObject({
      code: 'port_unavailable',
    });
    const reusable = createServer();
    await new Promise<void>((resolve) => reusable.listen(port, '127.0.0.1', resolve));
    expect(reusable.listening).toBe(true);
    reusable.close();
    squatter.close();
  });

  it('can be chosen', async () => {
    const { listener } = await stage();
    await listener.close();
    const chosen = await stage({ port: listener.port });
    expect(chosen.listener.port).toBe(listener.port);
  });
});

describe('the end of the wait', () => {
  it('closes the port, with silent connections still open', async () => {
    const { listener, get } = await stage();
    const preconnected = await silentConnection(listener.port);
    const gone = new Promise((resolve) => preconnected.once('close', resolve));
    await get(CALLBACK);
    await get('/done');
    await listener.close();
    await gone;
    await expect(rawRequest(listener.port, 'x')).rejects.toThrow('ECONNREFUSED');
  });

  it('still serves the page to a browser that has connected', async () => {
    const { listener, get } = await stage();
    await get(CALLBACK);
    const closed = listener.close();
    expect((await get('/done')).status).toBe(200);
    await closed;
  });

  it('does not wait for a browser if none has connected', async () => {
    const { listener, outcome } = await stage();
    await listener.close();
    await listener.close();
    expect(await outcome()).toBe('failed');
    await expect(listener.response).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('is caused by the signal, with its reason', async () => {
    const { listener, abort } = await stage();
    abort('terminated');
    await expect(listener.response).rejects.toBe('terminated');
    await listener.close();
    await expect(rawRequest(listener.port, 'x')).rejects.toThrow('ECONNREFUSED');
  });

  it('comes immediately if the signal is already aborted', async () => {
    await expect(stage({ signal: AbortSignal.abort('interrupted') })).rejects.toBe('interrupted');
  });

  it('after an answer does not discard the answer', async () => {
    const { listener, get, abort } = await stage();
    await get(CALLBACK);
    abort('interrupted');
    expect((await listener.response).searchParams.get('code')).toBe('code-example');
  });
});
