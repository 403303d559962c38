import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACCOUNT } from './build.mjs';
import { run } from './measure.mjs';
import { startTextServer } from './servers.mjs';

const FLOOR = fileURLToPath(new URL('floor.cjs', import.meta.url));
const PLAIN_LOOP = fileURLToPath(new URL('plain-loop.cjs', import.meta.url));

const WIDTH = 8;
const TOKENS = 500;
/** In one shell loop. */
const TOKENS_A_ROUND = 25;

/**
 * @typedef {import('./run.mjs').Bench} Bench
 * @typedef {ReturnType<typeof import('./build.mjs').createBuild>} Build
 *
 * @typedef {object} Loop what is measured in turn
 * @property {number} rounds
 * @property {boolean} [cold] without a round before that does not count
 * @property {Record<string, (build: Build, bench: Bench) => Promise<(() => Promise<number>) | null>>} tasks each makes a
 *   sampler; null where this machine lacks a part for it
 * @property {Line[]} lines
 *
 * @typedef {object} Line
 * @property {string} name
 * @property {string} what
 * @property {string[]} of the tasks it needs; the first is compared with the same task of another build
 * @property {(...samples: number[]) => number} [value] of one round; if left out the first sample, by the second if there is one
 * @property {number} goal at most
 * @property {string} unit
 */

/** @type {Loop[]} */
export const LOOPS = [
  {
    rounds: 21,
    tasks: {
      node: nodeAlone,
      floor,
      file: (build) => build.command({ count: 1 }, 'token', ACCOUNT),
      many: (build) => build.command({ count: 100_000 }, 'token', ACCOUNT),
      version: (build) => build.command({ count: 1 }, '--version'),
      git: gitHelper,
      keychain,
    },
    lines: [
      {
        name: 'token',
        what: 'valid token, key file',
        of: ['file', 'floor'],
        goal: 1.15,
        unit: 'x the floor script',
      },
      {
        name: 'token-keychain',
        what: 'valid token, keychain',
        of: ['keychain', 'file'],
        value: (keychain, file) => keychain - file,
        goal: 12,
        unit: 'ms more than key file',
      },
      {
        name: 'token-100000',
        what: 'valid token by exact name, 100,000 accounts',
        of: ['many', 'file'],
        goal: 1.05,
        unit: 'x among 1',
      },
      {
        name: 'helper',
        what: 'valid token by vault helper git',
        of: ['git', 'file'],
        goal: 1.1,
        unit: 'x vault token',
      },
      { name: 'version', what: 'vault --version', of: ['version', 'node'], goal: 1.1, unit: 'x node -e 0' },
    ],
  },
  {
    rounds: 9,
    tasks: {
      node: nodeAlone,
      list: (build) => build.command({ count: 10_000 }, 'list', '--json'),
    },
    lines: [
      {
        name: 'list',
        what: 'list --json, 10,000 accounts',
        of: ['list', 'node'],
        goal: 4,
        unit: 'x node -e 0',
      },
    ],
  },
  {
    rounds: 5,
    tasks: {
      memory: (build) => build.memory({ count: 10_000 }, 'list', '--json'),
      query: (build) => build.slowestQuery({ count: 10_000 }),
    },
    lines: [
      {
        name: 'list-memory',
        what: 'list --json, 10,000 accounts, memory',
        of: ['memory'],
        goal: 80,
        unit: 'MB',
      },
      { name: 'query', what: 'slowest query, 10,000 accounts', of: ['query'], goal: 60, unit: 'ms' },
    ],
  },
  {
    rounds: 9,
    tasks: {
      node: nodeAlone,
      ten: refreshOneOf(10),
      tenThousand: refreshOneOf(10_000),
      hundredThousand: refreshOneOf(100_000),
    },
    lines: [
      {
        name: 'refresh',
        what: 'token --refresh, 10 accounts',
        of: ['ten', 'node'],
        // Half of what commit 9254e3a took: `--against 9254e3a refresh` says it more exactly.
        goal: 5.5,
        unit: 'x node -e 0',
      },
      {
        name: 'refresh-10000',
        what: 'token --refresh, 10,000 accounts',
        of: ['tenThousand', 'ten'],
        goal: 1.1,
        unit: 'x among 10',
      },
      {
        name: 'refresh-100000',
        what: 'token --refresh, 100,000 accounts',
        of: ['hundredThousand', 'ten'],
        goal: 1.2,
        unit: 'x among 10',
      },
    ],
  },
  {
    rounds: 5,
    tasks: { all: refreshAll(200, 20), loop: plainLoop(200, 20), node: nodeAlone },
    lines: [
      {
        name: 'all-200',
        what: 'refresh --all, 200 accounts, server of 20 ms',
        of: ['all', 'loop', 'node'],
        value: (all, loop, node) => (all - node) / (loop - node),
        goal: 1.3,
        unit: 'x a plain loop',
      },
    ],
  },
  {
    rounds: 3,
    tasks: { all: refreshAll(1000, 0), loop: plainLoop(1000, 0), node: nodeAlone },
    lines: [
      {
        name: 'all-1000',
        what: 'refresh --all, 1,000 accounts, server of 0 ms',
        of: ['all', 'loop', 'node'],
        value: (all, loop, node) => (all - node) / (loop - node),
        goal: 3,
        unit: 'x a plain loop',
      },
    ],
  },
  {
    rounds: 1,
    cold: true,
    tasks: { all: refreshAll(10_000, 0), thousand: refreshAll(1000, 0) },
    lines: [
      {
        name: 'all-10000',
        what: 'refresh --all, 10,000 accounts, server of 0 ms',
        of: ['all'],
        value: (all) => all / 1000,
        goal: 25,
        unit: 's',
      },
      {
        name: 'all-linear',
        what: 'the same, each account',
        of: ['all', 'thousand'],
        value: (all, thousand) => all / thousand / 10,
        goal: 1.1,
        unit: 'x among 1,000',
      },
    ],
  },
  {
    rounds: TOKENS / TOKENS_A_ROUND,
    cold: true,
    tasks: { agent: curlAgent, text: curlText },
    lines: [
      {
        name: 'agent',
        what: 'agent, 500 tokens by curl',
        of: ['agent', 'text'],
        goal: 1.15,
        unit: 'x a server of one text',
      },
    ],
  },
  {
    rounds: 3,
    cold: true,
    tasks: { memory: agentMemory },
    lines: [
      { name: 'agent-memory', what: 'agent, memory after these', of: ['memory'], goal: 45, unit: 'MB' },
    ],
  },
];

async function nodeAlone(_, { env }) {
  return async () => (await run(process.execPath, ['-e', '0'], env)).milliseconds;
}

async function floor(build) {
  const { env, data, config } = await build.vault({ count: 1 });
  const args = [FLOOR, join(data, 'vault.db'), join(config, 'master.key'), ...ACCOUNT.split('/')];
  const [least, ours] = [await run(process.execPath, args, env), await build.run(env, ['token', ACCOUNT])];
  if (least.stdout !== ours.stdout)
    throw new Error('the floor script and vault token print different tokens');
  return async () => (await run(process.execPath, args, env)).milliseconds;
}

async function keychain(build, bench) {
  const session = await bench.keychain();
  if (session === null) return null;
  const env = { ...bench.env, DBUS_SESSION_BUS_ADDRESS: session.address };
  return build.command({ source: 'keychain', count: 1, env }, 'token', ACCOUNT);
}

async function gitHelper(build) {
  const { env } = await build.vault({ count: 1 });
  const args = ['helper', 'git', ACCOUNT, '--for', 'git.example.com', 'get'];
  const input = 'protocol=https\nhost=git.example.com\n\n';
  const { stdout } = await build.run(env, args, input);
  if (!stdout.includes('password=')) throw new Error('vault helper git prints no token');
  return async () => (await build.run(env, args, input)).milliseconds;
}

function refreshOneOf(count) {
  return (build) => build.command({ count }, 'token', ACCOUNT, '--refresh');
}

function refreshAll(count, delay) {
  return async (build, { server }) => {
    const args = ['refresh', '--all', '--force', '--concurrency', String(WIDTH)];
    const command = await build.command({ count, delay }, ...args);
    return async () => {
      const before = server.requests();
      const milliseconds = await command();
      const sent = server.requests() - before;
      if (sent !== count) throw new Error(`refresh --all of ${count} accounts has sent ${sent} requests`);
      return milliseconds;
    };
  };
}

function plainLoop(count, delay) {
  return async (_, { env, server }) => {
    const args = [PLAIN_LOOP, server.endpoint(delay), String(count), String(WIDTH)];
    return async () => (await run(process.execPath, args, env)).milliseconds;
  };
}

async function curlAgent(build, bench) {
  const { socket } = await build.agent({ count: 10 });
  return curlLoop(socket, bench);
}

async function curlText(_, bench) {
  const socket = join(bench.work, 'text.sock');
  bench.atEnd((await startTextServer(socket)).close);
  return curlLoop(socket, bench);
}

async function agentMemory(build, bench) {
  const curl = await curlAgent(build, bench);
  if (curl === null || !existsSync('/proc/self/status')) return null;
  const { megabytes } = await build.agent({ count: 10 });
  return async () => {
    await curl();
    return megabytes();
  };
}

/** @returns a sampler of the milliseconds of one shell loop, which checks that each answer is a token */
async function curlLoop(socket, { env }) {
  const found = await run('sh', ['-c', 'command -v curl || true'], env);
  if (found.stdout === '') return null;
  const script = `set -e; i=0; while [ $i -lt ${TOKENS_A_ROUND} ]; do
    t=$(curl -sSf --unix-socket ${socket} http://vault/token/${ACCOUNT}); [ \${#t} -gt 200 ]; i=$((i+1)); done`;
  return async () => (await run('sh', ['-c', script], env)).milliseconds;
}
