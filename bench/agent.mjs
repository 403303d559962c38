// What a token costs a shell script that asks the agent with curl: beside a curl that asks a server for a fixed text, which
// is the least there is, and beside `vault token`, which starts Node. In turn, in one shell loop each, medians of the rounds.
// node bench/agent.mjs [--tokens 1000]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './measure.mjs';
import { ACCOUNT, makeVault, VAULT } from './vaults.mjs';

const ROUNDS = 10;
/** Starting Node takes so much longer that fewer are enough. */
const FEWER = 10;
const { values } = parseArgs({ options: { tokens: { type: 'string', default: '1000' } } });
const each = Math.ceil(Number(values.tokens) / ROUNDS);

const work = mkdtempSync(join(tmpdir(), 'vault-bench-'));
const bare = { PATH: process.env.PATH, HOME: work };
const agents = [];
const fixed = join(work, 'fixed.sock');
const server = await serveFixed(fixed);
try {
  const { env } = await makeVault(work, {
    source: 'file',
    count: 1,
    endpoint: 'http://127.0.0.1:1/token',
    env: bare,
  });
  const { stdout } = await run({ args: [VAULT, 'agent', '--socket-path'], env });
  const alone = `${process.execPath} ${VAULT} token ${ACCOUNT}`;
  const ownWay = await inTurn({ alone: [alone, each / FEWER, env] });
  await startAgent(env);
  const curl = (socket) => `curl -s --unix-socket ${socket} http://vault/token/${ACCOUNT}`;
  const socket = stdout.trim();
  const ms = await inTurn({
    fixed: [curl(fixed), each, bare],
    agent: [curl(socket), each, bare],
    asking: [alone, each / FEWER, env],
  });
  const lines = [
    ['curl to a server of a fixed text', ms.fixed, ms.fixed],
    [`curl to the agent, ${each * ROUNDS} tokens`, ms.agent, ms.fixed],
    ['vault token, no agent', ownWay.alone, ms.fixed],
    ['vault token, asking the agent', ms.asking, ms.fixed],
  ];
  for (const [what, value, base] of lines)
    process.stdout.write(
      `${what.padEnd(36)}${value.toFixed(2).padStart(8)} ms  ${(value / base).toFixed(2)} x\n`,
    );
} finally {
  for (const agent of agents) agent.kill('SIGTERM');
  await Promise.all(agents.map((agent) => new Promise((resolve) => agent.once('exit', resolve))));
  server.kill();
  rmSync(work, { recursive: true, force: true });
}

/** In a process of its own, as the agent is. */
async function serveFixed(path) {
  const script = `(${serve.toString()})(require('node:http').createServer, ${JSON.stringify(path)})`;
  const child = spawn(process.execPath, ['-e', script], { env: bare, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

/** @param {typeof createServer} create */
function serve(create, path) {
  create((_, response) => response.end('access-token-example\n')).listen(path, () => console.log('ready'));
}

async function startAgent(env) {
  const child = spawn(process.execPath, [VAULT, 'agent'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  agents.push(child);
  await new Promise((resolve, reject) => {
    child.stderr.once('data', resolve);
    child.once('exit', () => reject(new Error('the agent ended')));
  });
}

/**
 * @param {Record<string, [line: string, count: number, env: NodeJS.ProcessEnv]>} loops
 * @returns {Promise<Record<string, number>>} milliseconds for one run of each line
 */
async function inTurn(loops) {
  const times = Object.fromEntries(Object.keys(loops).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, [line, count, env]] of Object.entries(loops)) {
      times[name].push((await shellLoop(line, Math.ceil(count), env)) / Math.ceil(count));
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, found]) => [name, median(found)]));
}

/** The loop checks that each token is one. */
function shellLoop(line, count, env) {
  const script = `set -e; i=0; while [ $i -lt ${count} ]; do t=$(${line}); [ \${#t} -gt 10 ]; i=$((i+1)); done`;
  const begun = performance.now();
  const child = spawn('/bin/sh', ['-c', script], { cwd: '/', env, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - begun);
      else reject(new Error(`a loop ended with ${code}: ${line}`));
    });
  });
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
