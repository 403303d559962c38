import { describe, expect, it, vi } from 'vitest';
import { rawRequest, silentConnection } from '../../doubles/raw-request.js';
import { STATE, type Stage, stage } from './stage.js';

const CALLBACK = `/callback?code=code-example&state=${STATE}`;

async function expectStillWaiting({ get, outcome, listener }: Stage): Promise<void> {
  expect(await outcome()).toBe('waiting');
  expect((await get(CALLBACK)).status).toBe(302);
  expect((await listener.response).searchParams.get('code')).toBe('code-example');
  listener.conclude('logged_in');
  expect((await get('/done')).status).toBe(200);
}

describe('a request that is not the callback leaves the login waiting', () => {
  it.each([['POST'], ['HEAD'], ['PUT'], ['DELETE'], ['OPTIONS'], ['PATCH'], ['TRACE']])(
    'with method %s',
    async (method) => {
      const login = await stage();
      const answer = await login.send(`${method} ${CALLBACK} HTTP/1.1`);
      expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET' } });
      await expectStillWaiting(login);
    },
  );

  it.each([
    ['/'],
    ['/favicon.ico'],
    ['/Callback?code=c'],
    ['/callback/'],
    ['//callback'],
    ['/%63allback'],
    ['/x/../callback'],
    ['/callback;x'],
    ['/done'],
    ['/done?x'],
  ])('with path %s', async (path) => {
    const login = await stage();
    const separator = path.includes('?') ? '&' : '?';
    const target = path.startsWith('/done') ? path : `${path}${separator}state=${STATE}&code=c`;
    expect((await login.get(target)).status).toBe(404);
    await expectStillWaiting(login);
  });

  it('in absolute form, as for a proxy', async () => {
    const login = await stage();
    expect((await login.get(`http://127.0.0.1:${login.listener.port}${CALLBACK}`)).status).toBe(404);
    await expectStillWaiting(login);
  });

  it.each([
    ['another name', (port: number) => [`Host: evil.example:${port}`]],
    ['localhost', (port: number) => [`Host: localhost:${port}`]],
    ['another port', (port: number) => [`Host: 127.0.0.1:${port + 1}`]],
    ['no port', () => ['Host: 127.0.0.1']],
    ['an empty name', () => ['Host:']],
    ['none at all', () => []],
    ['two', (port: number) => [`Host: 127.0.0.1:${port}`, `Host: 127.0.0.1:${port}`]],
    ['a wrong one first', (port: number) => ['Host: evil.example', `Host: 127.0.0.1:${port}`]],
    ['a wrong one last', (port: number) => [`Host: 127.0.0.1:${port}`, 'Host: evil.example']],
    ['a forwarded one', (port: number) => ['Host: evil.example', `X-Forwarded-Host: 127.0.0.1:${port}`]],
  ])('with a Host header of %s', async (_, hosts) => {
    const login = await stage();
    const answer = await login.send(`GET ${CALLBACK} HTTP/1.1`, hosts(login.listener.port));
    expect(answer.status).toBe(400);
    await expectStillWaiting(login);
  });

  it.each([
    ['no state', 'code=c'],
    ['an empty state', 'code=c&state='],
    ['a wrong state', 'code=c&state=other'],
    ['the beginning of the state', `code=c&state=${STATE.slice(0, -1)}`],
    ['more than the state', `code=c&state=${STATE}x`],
    ['the state twice', `code=c&state=${STATE}&state=${STATE}`],
    ['a wrong and the right state', `code=c&state=other&state=${STATE}`],
    ['an error without a state', 'error=access_denied'],
    ['an error with a wrong state', 'error=access_denied&state=other'],
  ])('with %s', async (_, query) => {
    const login = await stage();
    expect((await login.get(`/callback?${query}`)).status).toBe(400);
    expect(login.strays).toEqual(['wrong_state']);
    await expectStillWaiting(login);
  });

  it.each([
    ['nothing but the state', ''],
    ['an empty code', '&code='],
    ['two codes', '&code=a&code=b'],
    ['two errors', '&error=a&error=b'],
    ['a code and an error', '&code=a&error=b'],
  ])('with the right state and %s', async (_, query) => {
    const login = await stage();
    expect((await login.get(`/callback?state=${STATE}${query}`)).status).toBe(400);
    expect(login.strays).toEqual(['malformed']);
    await expectStillWaiting(login);
  });

  it('with headers of a megabyte', async () => {
    const login = await stage();
    const answer = await login.send(`GET ${CALLBACK} HTTP/1.1`, [`Host: x`, `X: ${'a'.repeat(1_000_000)}`]);
    expect([0, 431]).toContain(answer.status);
    await expectStillWaiting(login);
  });

  it('with more headers than browsers send', async () => {
    const login = await stage();
    const host = `Host: 127.0.0.1:${login.listener.port}`;
    expect((await login.send(`GET ${CALLBACK} HTTP/1.1`, [host, `X: ${'a'.repeat(20_000)}`])).status).toBe(
      431,
    );
    await expectStillWaiting(login);
  });

  it.each([
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
    ['noise', Buffer.from([0, 255, 254, 13, 10, 13, 10])],
    ['half a request followed by nonsense', 'GET /callback HTTP/9.9\r\n\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
  ])('that speaks %s', async (_, bytes) => {
    const login = await stage();
    expect((await rawRequest(login.listener.port, bytes)).status).toBeOneOf([0, 400, 404, 405, 505]);
    await expectStillWaiting(login);
  });

  it('with a smuggled request behind it', async () => {
    const login = await stage();
    const host = `Host: 127.0.0.1:${login.listener.port}`;
    const answer = await login.send(`GET /favicon.ico HTTP/1.1\r\n${host}\r\n\r\nGET ${CALLBACK} HTTP/1.1`);
    expect(answer.status).toBe(404);
    await expectStillWaiting(login);
  });
});

describe('many unrelated requests', () => {
  it('with wrong states are refused after ten, and the right one is still accepted', async () => {
    const login = await stage();
    const statuses: number[] = [];
    for (let i = 0; i < 13; i += 1)
      statuses.push((await login.get(`/callback?code=c&state=guess-${i}`)).status);
    expect(statuses).toEqual([...Array(10).fill(400), 429, 429, 429]);
    expect(login.strays).toEqual([...Array(10).fill('wrong_state'), 'too_many_wrong_states']);
    await expectStillWaiting(login);
  });

  it('do not fill an audit trail', async () => {
    const login = await stage();
    for (let i = 0; i < 30; i += 1) await login.send(`GET ${CALLBACK} HTTP/1.1`, ['Host: evil.example']);
    expect(login.strays).toEqual(Array(10).fill('wrong_host'));
  });

  it('that hold silent connections open do not keep the browser out', async () => {
    const login = await stage();
    const silent = await Promise.all(
      Array.from({ length: 300 }, () => silentConnection(login.listener.port)),
    );
    await vi.waitFor(
      () => expect(silent.filter((socket) => !socket.closed).length).toBeLessThanOrEqual(256),
      15_000,
    );
    await expectStillWaiting(login);
    for (const socket of silent) socket.destroy();
  });

  it('that come one after the other leave a browser time for its request', async () => {
    const login = await stage();
    const { port } = login.listener;
    const crowd = (size: number) => Promise.all(Array.from({ length: size }, () => silentConnection(port)));
    const before = await crowd(200);
    const browser = await silentConnection(port);
    const after = await crowd(200);
    const answer = new Promise<string>((resolve, reject) => {
      browser.on('error', reject).once('data', (chunk) => resolve(chunk.toString()));
    });
    browser.write(`GET ${CALLBACK} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 302 /);
    for (const socket of [...before, ...after]) socket.destroy();
  });

  it('of other users get 403, and are disconnected when there are many', async () => {
    let others = true;
    const login = await stage({ isOtherUser: async () => others });
    expect(await login.get(CALLBACK)).toMatchObject({
      status: 403,
      body: expect.stringContaining('This login belongs to another user'),
    });
    expect(login.strays).toEqual(['other_user']);
    const silent = await Promise.all(
      Array.from({ length: 100 }, () => silentConnection(login.listener.port)),
    );
    const left = () => silent.filter((socket) => !socket.closed).length;
    await vi.waitFor(() => expect(left()).toBeLessThanOrEqual(32), 15_000);
    others = false;
    await expectStillWaiting(login);
    for (const socket of silent) socket.destroy();
    await login.listener.close();
    expect(login.strays).toEqual(Array(11).fill('other_user'));
    expect(login.counts.at(-1)).toBeGreaterThan(68);
  });

  it('are disconnected when they do not finish a request', async () => {
    const login = await stage();
    const slow = await silentConnection(login.listener.port);
    const gone = new Promise((resolve) => slow.once('close', resolve));
    slow.write(`GET ${CALLBACK} HTTP/1.1\r\nHost: 127.0`);
    const drip = setInterval(() => slow.write('a'), 100);
    slow.on('error', () => undefined);
    await gone;
    clearInterval(drip);
    await expectStillWaiting(login);
  });
});
