// Counts instructions, which a busy machine does not change by more than 2 %: of a valid token, the same by a helper, of
// --version and of one refresh with its refresher, each as a multiple of `node -e 0` in the same run. Fails where a multiple has grown.
//
//   npm run bench:instructions                compares with bench/instructions.json
//   npm run bench:instructions -- --record    writes that file
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ACCOUNT, createBuild, ROOT } from './build.mjs';
import { run } from './measure.mjs';
import { startTokenServer } from './servers.mjs';

const RECORD = fileURLToPath(new URL('instructions.json', import.meta.url));
const TOLERANCE = 1.15;
/** The least of a few: what comes on top is garbage collection at another moment. */
const RUNS = 2;
const PATIENCE = 30_000;
const VALGRIND = ['--tool=cachegrind', '--cache-sim=no', '--trace-children=yes', '--fair-sched=yes'];

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false } } });
const work = mkdtempSync(join(tmpdir(), 'vault-bench-'));
const env = { PATH: process.env.PATH, HOME: work };
const server = await startTokenServer();
try {
  if (await isThere()) await compare(await count());
  else process.stdout.write('valgrind is not installed, so no instructions are counted\n');
} finally {
  server.close();
  rmSync(work, { recursive: true, force: true });
}

async function isThere() {
  return (await run('sh', ['-c', 'command -v valgrind || true'], env)).stdout !== '';
}

/** @returns {Promise<Record<string, number>>} instructions of each, in parts of those of `node -e 0` */
async function count() {
  const build = createBuild(ROOT, { work, env, server });
  const program = join(ROOT, 'bin', 'vault.js');
  const least = async (size, ...args) => {
    const { env: own } = await build.vault({ count: size });
    const counts = [];
    for (let run = 0; run < RUNS; run += 1) counts.push(await instructions(args, own));
    return Math.min(...counts);
  };
  const starts = async () => ({
    node: await least(1, '-e', '0'),
    version: await least(1, program, '--version'),
    token: await least(1, program, 'token', ACCOUNT),
    helper: await least(1, program, 'helper', 'pnpm', ACCOUNT),
  });
  // In vaults of their own, because waiting for each other would count.
  const [refresh, { node, ...started }] = await Promise.all([
    least(10, program, 'token', ACCOUNT, '--refresh'),
    starts(),
  ]);
  const counts = { ...started, refresh };
  return Object.fromEntries(Object.entries(counts).map(([name, each]) => [name, rounded(each / node)]));
}

/** @returns {Promise<number>} of all its processes: the refresher ends after the command */
async function instructions(args, own) {
  const folder = mkdtempSync(join(work, 'counts-'));
  const files = ['log-file', 'cachegrind-out-file'].map((name) => `--${name}=${join(folder, `${name}.%p`)}`);
  await run('valgrind', [...VALGRIND, ...files, process.execPath, ...args], own);
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const counts = countsIn(folder);
    if (!counts.includes(null)) return counts.reduce((sum, each) => sum + each);
    await setTimeout(50);
  }
  throw new Error(`a process of ${args.join(' ')} does not end`);
}

/** @returns {(number | null)[]} of each process; null where it has not ended. Valgrind makes a log when a process begins. */
function countsIn(folder) {
  const names = readdirSync(folder);
  return names
    .filter((name) => name.startsWith('log'))
    .map((log) => log.replace('log', 'cachegrind-out'))
    .map((name) => (names.includes(name) ? readFileSync(join(folder, name), 'latin1') : ''))
    .map((text) => /^summary: (\d+)$/m.exec(text))
    .map((found) => (found === null ? null : Number(found[1])));
}

async function compare(found) {
  const machine = `Node ${process.versions.node.split('.')[0]}, ${process.arch}`;
  if (values.record) return writeFileSync(RECORD, `${JSON.stringify({ machine, ...found }, null, 2)}\n`);
  const recorded = JSON.parse(readFileSync(RECORD, 'utf8'));
  const comparable = recorded.machine === machine;
  for (const [name, ratio] of Object.entries(found)) {
    const limit = rounded(recorded[name] * TOLERANCE);
    const grown = comparable && ratio > limit;
    const verdict = comparable
      ? `recorded ${recorded[name]}, at most ${limit}: ${grown ? 'GROWN' : 'fine'}`
      : '';
    process.stdout.write(`${name.padEnd(8)} ${ratio.toFixed(2)} x node -e 0  ${verdict}\n`);
    if (grown) process.exitCode = 1;
  }
  if (!comparable)
    process.stdout.write(`recorded with ${recorded.machine}, so not compared here (${machine})\n`);
  else if (process.exitCode === 1)
    process.stdout.write('if it has to cost that much, record it: npm run bench:instructions -- --record\n');
}

function rounded(value) {
  return Number(value.toFixed(2));
}
