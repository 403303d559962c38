import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificate, hasOpenssl, makeCertificate } from '../../doubles/certificate.js';
import { serveRaw } from '../../doubles/local-server.js';

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
  const { flags = [], deadline = 10_000 } = more;
  const args = [...flags, program, `https://localhost:${port}/token`, String(deadline)];
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env['PATH'] ?? '', ...env } });
  return JSON.parse(stdout) as {
    status?: number;
    body?: string;
    reason?: string;
    sent?: string;
    cause?: string;
  };
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
  it('is made with a certificate the runtime was told to trust', async () => {
    const { port } = await started(good);
    expect(await send(port, { NODE_EXTRA_CA_CERTS: good.certFile })).toEqual({
      status: 200,
      body: 'answered',
    });
  });

  it('is not made with a certificate nobody vouches for, and nothing is sent', async () => {
    const { port, requests } = await started(good);
    expect(await send(port)).toMatchObject({
      reason: 'tls',
      sent: 'no',
      cause: 'Error: DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(requests()).toBe(0);
  });

  it('is not made with it either when the environment asks to look away', async () => {
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
    expect(answer).toMatchObject({ reason: 'tls', sent: 'no' });
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

  it('that is ready after the deadline carries no request any more', async () => {
    const { port, requests } = await started(good);
    const slow = await serveRaw((socket) => {
      const held = socket.pipe(new PassThrough());
      setTimeout(() => held.pipe(connect(port, '127.0.0.1')).pipe(socket), 600);
    });
    const env = { NODE_EXTRA_CA_CERTS: good.certFile, LINGER: '1500' };
    const givenUp = { reason: 'timeout', sent: 'no', cause: 'undefined' };
    expect(await send(slow.port, env, { deadline: 200 })).toEqual(givenUp);
    expect(requests()).toBe(0);
    expect(await send(slow.port, env)).toMatchObject({ status: 200 });
    await slow.close();
  });
});
