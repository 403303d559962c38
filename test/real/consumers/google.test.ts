import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliProcess, startVault } from '../../harness/cli.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

const CLIENT = join(import.meta.dirname, '../../harness/google-client.mjs');

let stage: DemoStage;
let running: Program | null = null;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
});
afterEach(async () => {
  await running?.end();
  running = null;
  expect(await stage.close()).toEqual([]);
});

interface Program {
  readonly process: CliProcess;
  next(): Promise<Record<string, string | number | null>>;
  end(): Promise<void>;
}

/** A program with Google's library, below a shell, started by `vault exec`. */
function start(minValid: string): Program {
  const options = ['--as-metadata-server', 'google', '--min-valid', minValid];
  const script = `'${process.execPath}' '${CLIENT}' '${stage.demo.endpoints.userinfo}'; :`;
  const cli = startVault(['exec', 'demo', ...options, '--', 'sh', '-c', script], stage.home);
  const lines: string[] = [];
  let unfinished = '';
  cli.child.stdout?.on('data', (text: string) => {
    const parts = (unfinished + text).split('\n');
    unfinished = parts.pop() ?? '';
    lines.push(...parts);
  });
  return {
    process: cli,
    async next() {
      await expect.poll(() => lines.length).toBeGreaterThan(0);
      return JSON.parse(lines.shift() ?? '');
    },
    async end() {
      cli.child.stdin?.end();
      await cli.done;
    },
  };
}

/** As a program that is not below `vault exec`. */
async function ask(host: string, path: string, headers: Record<string, string> = {}) {
  const request = get(`http://${host}${path}`, { headers: { 'metadata-flavor': 'Google', ...headers } });
  const [response] = await once(request, 'response');
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += part;
  return { status: response.statusCode, body };
}

const TOKEN = '/computeMetadata/v1/instance/service-accounts/default/token';

describe('google-auth-library below vault exec --as-metadata-server google', () => {
  it('gets a token that works, and another one when that has ended', async () => {
    stage.demo.knobs.accessTokenLifetime = 3;
    await stage.logIn();
    running = start('1s');
    expect(await running.next()).toMatchObject({ variable: null });
    const first = await running.next();
    expect(first).toMatchObject({ kind: 'Compute', status: 200 });
    await sleep(3_100);
    running.process.type('again');
    const second = await running.next();
    expect(second).toMatchObject({ status: 200 });
    expect(second['digest']).not.toBe(first['digest']);
  });

  it('gets the reason and what to type when a login is needed meanwhile', async () => {
    stage.demo.knobs.accessTokenLifetime = 3;
    await stage.logIn();
    running = start('1s');
    await running.next();
    await running.next();
    stage.demo.endAllGrants();
    await sleep(3_100);
    running.process.type('again');
    const { failure } = await running.next();
    expect(JSON.parse(String(failure))).toMatchObject({
      error: 'login_needed',
      error_description: expect.stringContaining('vault login demo/ada@example.com'),
    });
  });
});

describe('its metadata server', () => {
  it('gives nothing to a program that vault exec did not start', async (context) => {
    if (process.platform !== 'linux') context.skip('only on Linux');
    await stage.logIn();
    running = start('5m');
    const host = String((await running.next())['host']);
    for (const path of ['/', TOKEN]) {
      const { status, body } = await ask(host, path);
      expect({ status, body }).toEqual({ status: 403, body: expect.stringContaining('only programs') });
    }
    await running.next();
    await running.end();
    await expect(ask(host, TOKEN)).rejects.toThrow('ECONNREFUSED');
  });

  it('gives nothing to another user', async (context) => {
    needs(context, 'another user');
    await stage.logIn();
    running = start('5m');
    const [address, port] = String((await running.next())['host']).split(':');
    const script = `exec 3<>/dev/tcp/${address}/${port}; printf 'GET ${TOKEN} HTTP/1.0\\r\\nHost: ${address}:${port}\\r\\nMetadata-Flavor: Google\\r\\n\\r\\n' >&3; cat <&3`;
    const other = spawn('bash', ['-c', script], { uid: 65_534, gid: 65_534, cwd: '/' });
    let text = '';
    other.stdout.on('data', (part) => (text += part));
    await once(other, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(text).not.toContain('access_token');
  });
});
