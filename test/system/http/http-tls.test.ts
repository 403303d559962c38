import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, hasOpenssl, makeCertificate } from '../../doubles/certificate.js';
import { serveRaw } from '../../doubles/local-server.js';
import { faketime } from '../../harness/faketime.js';
import { missing } from '../../harness/parts.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'token-vault-tls-'));
const program = join(folder, 'send-one.mjs');
const servers: Server[] = [];
let good: Certificate;

/** Certificate authorities are read when a process starts, so each case is a process of its own. */
async function send(
  port: number,
  env: Record<string, string> = {},
  more: { flags?: string[]; deadline?: number } = {},
) {
  const [general, tokenEndpoint] = await sendBoth(`https://localhost:${port}/token`, env, more);
  expect(tokenEndpoint).toEqual(general);
  return tokenEndpoint;
}

async function sendBoth(
  url: string,
  env: Record<string, string>,
  { flags = [], deadline = 10_000 }: { flags?: string[]; deadline?: number } = {},
): Promise<[End, End]> {
  const args = [...flags, program, url, String(deadline)];
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });
  return JSON.parse(stdout) as [End, End];
}

interface End {
  readonly status?: number;
  readonly body?: string;
  readonly reason?: string;
  readonly sent?: string;
  readonly certificate?: string | null;
  readonly cause?: string;
}

async function started(options: ServerOptions): Promise<{ port: number; requests: () => number }> {
  let requests = 0;
  const server = createServer(options, (_, response) => {
    requests += 1;
    response.end('answered');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, requests: () => requests };
}

beforeAll(async () => {
  if (!hasOpenssl) return;
  good = makeCertificate(folder, 'good', 'DNS:localhost,IP:127.0.0.1');
  const bundle = await rolldown({
    input: fileURLToPath(new URL('./send-one.ts', import.meta.url)),
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ file: program, format: 'esm', codeSplitting: false });
});

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasOpenssl)('a secure connection', () => {
  it('is made with a certificate that Node was told to trust', async () => {
    const { port } = await started(good);
    expect(await send(port, { NODE_EXTRA_CA_CERTS: good.certFile })).toEqual({
      status: 200,
      body: 'answered',
    });
  });

  it('is not made with an untrusted certificate, and nothing is sent', async () => {
    const { port, requests } = await started(good);
    expect(await send(port)).toMatchObject({
      reason: 'tls',
      sent: 'no',
      certificate: 'unknown_issuer',
      cause: 'Error: DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(requests()).toBe(0);
  });

  it('is not made with one even if the environment disables the check', async () => {
    const { port, requests } = await started(good);
    expect(await send(port, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatchObject({
      reason: 'tls',
      sent: 'no',
    });
    expect(requests()).toBe(0);
  });

  it('is not made with a certificate of another host', async () => {
    const other = makeCertificate(folder, 'other', 'DNS:other.example');
    const { port, requests } = await started(other);
    const answer = await send(port, { NODE_EXTRA_CA_CERTS: other.certFile });
    expect(answer).toMatchObject({ reason: 'tls', sent: 'no', certificate: 'wrong_host' });
    expect(requests()).toBe(0);
  });

  it.skipIf(missing('faketime').length > 0).each([
    ['has ended', '2020-01-01 00:00:00', 'expired'],
    ['has not begun', '2090-01-01 00:00:00', 'not_yet_valid'],
  ])('is not made with a certificate whose validity %s', async (_, made, certificate) => {
    const other = makeCertificate(folder, certificate, 'DNS:localhost', faketime(made));
    const { port, requests } = await started(other);
    const answer = await send(port, { NODE_EXTRA_CA_CERTS: other.certFile });
    expect(answer).toMatchObject({ reason: 'tls', sent: 'no', certificate });
    expect(requests()).toBe(0);
  });

  it.each([
    ['TLSv1.1', { reason: 'tls', sent: 'no' }],
    ['TLSv1.2', { status: 200 }],
  ] as const)('with %s at best has an end that does not depend on the runtime', async (version, end) => {
    const versions = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    const { port } = await started({ ...good, ...versions });
    const flags = ['--tls-min-v1.0', '--tls-cipher-list=DEFAULT@SECLEVEL=0'];
    expect(await send(port, { NODE_EXTRA_CA_CERTS: good.certFile }, { flags })).toMatchObject(end);
  });

  it('that is ready after the deadline sends no request', async () => {
    const { port, requests } = await started(good);
    const slow = await serveRaw((socket) => {
      const held = socket.pipe(new PassThrough());
      setTimeout(() => held.pipe(connect(port, '127.0.0.1')).pipe(socket), 1_500);
    });
    const env = { NODE_EXTRA_CA_CERTS: good.certFile, LINGER: '3000' };
    const givenUp = { reason: 'timeout', sent: 'no', certificate: null, cause: 'undefined' };
    expect(await send(slow.port, env, { deadline: 500 })).toEqual(givenUp);
    expect(requests()).toBe(0);
    expect(await send(slow.port, env)).toMatchObject({ status: 200 });
    await slow.close();
  });

  it('through a proxy survives an unrequested 100 Continue', async () => {
    const named = makeCertificate(folder, 'named', 'DNS:accounts.example');
    const server = createTlsServer(named, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanswered'),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const proxy = await serveRaw((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(connect(port, '127.0.0.1').on('error', () => undefined)).pipe(socket);
      }),
    );
    const env = { NODE_EXTRA_CA_CERTS: named.certFile, HTTPS_PROXY: proxy.url };
    const answered = { status: 200, body: 'answered' };
    expect(await sendBoth('https://accounts.example/token', env)).toEqual([answered, answered]);
    await proxy.close();
    server.close();
  });
});
