// Uses a program that is installed in another root, as an ordinary user there, against a server outside of it.
// node .ci/try-installed.mjs ROOT PROGRAM
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { walkDevice } from '../dist/lib/demo/consent-walk.js';
import { startDemoServer } from '../dist/lib/demo/server.js';

const [root, program] = process.argv.slice(2);
const HOME = '/home/ada';
const ADA = 1000;

await says('demo');
const server = await startDemoServer({ knobs: { deviceInterval: 1 } });
try {
  configure();
  await logIn();
  const first = await says('token', 'demo');
  assert.equal(await answerTo(first), 200);
  // By the refresher, a process that the program starts of itself.
  await says('refresh', 'demo', '--force');
  const second = await says('token', 'demo');
  assert.notEqual(second, first);
  assert.equal(await answerTo(second), 200);
  assert.equal(await says('exec', 'demo', '--', 'sh', '-c', 'echo "$ACCESS_TOKEN"'), second);

  const { checks } = JSON.parse((await run([program, 'doctor', '--as-cron', '--offline', '--json'])).stdout);
  const found = (name) => checks.find(({ check }) => check === name).message;
  assert.match(found('addon'), /came with token-vault; SHA-256 \w{64}, as recorded/);
  assert.match(found('cron'), /no other problem under cron/);

  // Jobs name the program as it was called, so that they stay when an update replaces what is behind the name.
  const { line } = JSON.parse(await says('schedule', '--kind', 'cron', '--json'));
  const job = line.split(' ').slice(5).join(' ');
  assert.ok(job.includes(` ${program} refresh --all `), job);
  assert.equal((await run(['sh', '-c', job])).status, 0);
  const { files } = JSON.parse(await says('schedule', '--kind', 'systemd', '--json'));
  assert.ok(JSON.stringify(files).includes(`ExecStart=${program} refresh --all `), JSON.stringify(files));

  const hostile = await run([program, 'token', 'demo'], ['NODE_OPTIONS=--tls-keylog=/dev/null']);
  assert.deepEqual([hostile.status, hostile.stdout], [2, '']);
  assert.match(hostile.stderr, /NODE_OPTIONS contains --tls-keylog/);
  const { stderr } = await run([program, 'tokn']);
  assert.ok(stderr.includes(`: ${basename(program)} `) || stderr.includes(` ${basename(program)} `), stderr);
} finally {
  await server.close();
}

function configure() {
  const folder = join(root, HOME, '.config', 'token-vault');
  const file = join(folder, 'config.json');
  const { issuer, client } = server;
  const scopes = ['openid', 'email', 'offline_access'];
  const demo = { issuer, clientId: client.id, scopes, insecureLoopback: true };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ keySource: 'file', providers: { demo } }), { mode: 0o600 });
  for (const path of [join(root, HOME, '.config'), folder, file]) chownSync(path, ADA, ADA);
}

async function logIn() {
  const child = start([program, 'login', 'demo', '--device']);
  const exit = once(child, 'exit');
  const said = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (!/^http\S+\?user_code=/.test(line)) continue;
    const url = new URL(line);
    await walkDevice(`${url.origin}${url.pathname}`, url.searchParams.get('user_code'));
  }
  assert.deepEqual(await exit, [0, null], said.join('\n'));
}

async function answerTo(token) {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${server.issuer}/userinfo`, { headers })).status;
}

/** @returns what a command prints, which must succeed */
async function says(...args) {
  const { status, stdout, stderr } = await run([program, ...args]);
  assert.equal(status, 0, `${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

async function run(words, settings) {
  const child = start(words, settings);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { status, stdout, stderr };
}

function start(words, settings = []) {
  const env = ['env', '-i', `HOME=${HOME}`, 'PATH=/usr/bin:/bin', ...settings];
  const args = [`--userspec=${ADA}:${ADA}`, '--groups=', root, ...env, ...words];
  return spawn('chroot', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}
