import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../doubles/certificate.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const asked = (version: string) => ({
  env: {
    KUBERNETES_EXEC_INFO: JSON.stringify({
      kind: 'ExecCredential',
      apiVersion: version,
      spec: { interactive: false },
    }),
  },
});

describe('vault helper kubectl', () => {
  it.each(['v1', 'v1beta1'])('answers %s with the token and its end, and nothing else', async (version) => {
    const apiVersion = `client.authentication.k8s.io/${version}`;
    const { stdout, stderr } = await stage.vault(['helper', 'kubectl', 'demo'], asked(apiVersion));
    const { status, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ kind: 'ExecCredential', apiVersion });
    expect(status.token).toBe((await stage.vault(['token', 'demo'])).stdout.trim());
    expect(status.expirationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(stderr).toBe('');
  });

  it('gives the id_token with --id-token, until its own end', async () => {
    const { stdout } = await stage.vault(['helper', 'kubectl', 'demo', '--id-token']);
    const { status } = JSON.parse(stdout);
    expect(`${status.token}\n`).toBe((await stage.vault(['token', 'demo', '--id-token'])).stdout);
    const { exp } = JSON.parse(Buffer.from(status.token.split('.')[1], 'base64url').toString());
    expect(Date.parse(status.expirationTimestamp)).toBe((exp - 10) * 1000);
    const shown = await stage.vault(['connect', 'kubectl', 'demo', '--id-token']);
    expect(shown.stderr).toContain('connect kubectl demo/ada@example.com --id-token --install');
    expect(shown.stdout).toContain('--exec-arg=--id-token');
  });

  it('refuses a version that it does not speak', async () => {
    const run = await stage.vault(['helper', 'kubectl', 'demo'], asked('client.authentication.k8s.io/v9'));
    expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('hint: ') });
  });

  it('gives another token to a process that asks twice within a minute', async () => {
    const ask = `'${process.execPath}' '${join(import.meta.dirname, '../../../bin/vault.js')}' helper kubectl demo`;
    const inOneProcess = async (script: string) => {
      const child = spawn('sh', ['-c', script], { env: stage.home.env });
      let text = '';
      child.stdout.on('data', (part) => (text += part));
      await once(child, 'close');
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).status.token);
    };
    stage.tokenRequests();
    const [first, second] = await inOneProcess(`${ask}; ${ask}; :`);
    expect(second).not.toBe(first);
    expect(stage.tokenRequests()).toBe(1);
    // Another process has not had it yet.
    expect(await inOneProcess(`${ask}; :`)).toEqual([second]);
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('kubectl', () => {
  let server: Server;
  const blocked = new Set<string>();
  let seen: string[];
  beforeEach(async (context) => {
    needs(context, 'kubectl');
    seen = [];
    const { cert, key } = makeCertificate(stage.home.root, 'api', 'IP:127.0.0.1');
    // As much of the API server as `kubectl get --raw` asks. Without TLS kubectl sends no token.
    server = createServer({ cert, key }, (request, response) => {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      seen.push(token);
      void fetch(stage.demo.endpoints.userinfo, { headers: { authorization: `Bearer ${token}` } }).then(
        ({ ok }) => {
          const allowed = ok && !blocked.has(token);
          response.writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' });
          response.end(
            JSON.stringify(allowed ? { major: '1' } : { kind: 'Status', status: 'Failure', code: 401 }),
          );
        },
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    mkdirSync(join(stage.home.home, '.kube'));
    writeFileSync(
      config(),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          { name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
        ],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'demo-ada@example.com' } }],
        'current-context': 'x',
        users: [],
      }),
    );
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const config = () => join(stage.home.home, '.kube', 'config');

  async function kubectl(...args: string[]) {
    const child = spawn('kubectl', args, { env: stage.home.env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
    const [exitCode] = await once(child, 'close');
    return { exitCode, text };
  }

  it('works with what connect --install wrote, and --remove restores its file', async () => {
    const before = readFileSync(config());
    expect(await stage.vault(['connect', 'kubectl', 'demo', '--install'])).toMatchObject({ exitCode: 0 });
    expect(await kubectl('get', '--raw', '/version')).toEqual({ exitCode: 0, text: expect.anything() });
    expect(seen.at(-1)).toBe((await stage.vault(['token', 'demo'])).stdout.trim());
    expect(await stage.vault(['connect', 'kubectl', 'demo', '--remove'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(config())).toEqual(before);
  });

  it('gets a token that works after the server refused the stored one', async () => {
    await stage.vault(['connect', 'kubectl', 'demo', '--install']);
    const { stdout } = await stage.vault(['token', 'demo', '--refresh']);
    blocked.add(stdout.trim());
    const runs = [await kubectl('get', '--raw', '/version'), await kubectl('get', '--raw', '/version')];
    expect(runs.map(({ exitCode }) => exitCode)).toContain(0);
  });
});
