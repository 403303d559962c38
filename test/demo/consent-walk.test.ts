import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walkConsent } from '../../src/demo/consent-walk.js';
import type { DemoServer } from '../../src/demo/contract.js';
import { startDemoServer } from '../../src/demo/server.js';
import { attempt } from './client.js';

let demo: DemoServer;
let listener: Server;
const visited: string[] = [];

beforeAll(async () => {
  demo = await startDemoServer();
  listener = createServer((request, response) => {
    visited.push(request.url ?? '');
    if (request.url?.startsWith('/callback')) response.writeHead(302, { location: '/done' }).end();
    else response.end('you may close this page');
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  listener.close();
  await demo.close();
});

const redirectUri = () => `http://127.0.0.1:${(listener.address() as AddressInfo).port}/callback`;

describe('walking the consent page', () => {
  it('ends on the page of the listener, as a browser would', async () => {
    const walk = await walkConsent(attempt(demo, { redirect_uri: redirectUri() }).url);
    expect(walk).toMatchObject({ status: 200, page: 'you may close this page' });
    expect(new URL(walk.url).pathname).toBe('/done');
    expect(visited[0]).toContain('code=demo-code-');
  });

  it('brings an error to the listener when the server shows no page', async () => {
    const { url } = attempt(demo, { redirect_uri: redirectUri(), scope: 'everything' });
    expect((await walkConsent(url)).callback).toContain('error=invalid_scope');
  });

  it('fails with its own error where there is no consent page', async () => {
    await expect(walkConsent(`${demo.issuer}/nothing`)).rejects.toMatchObject({
      code: 'provider_answer_invalid',
    });
  });
});
