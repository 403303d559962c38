// Whole processes, medians of interleaved runs, an environment of PATH and HOME only. Every figure is judged against
// what the same machine did in the same run: bare Node, the least script for the job, a plain undici loop.
// npm run bench -- [--runs 31]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startKeychain } from './keychain.mjs';
import { interleave, peakMemory, run } from './measure.mjs';
import { report } from './report.mjs';
import { startTokenServer } from './token-server.mjs';
import { ACCOUNT, makeVault, VAULT } from './vaults.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values } = parseArgs({ options: { runs: { type: 'string', default: '31' } } });
const runs = Number(values.runs);
const work = mkdtempSync(join(tmpdir(), 'vault-bench-'));
const bare = { PATH: process.env.PATH, HOME: work };
const rows = [];

const server = await startTokenServer();
const keychain = await startKeychain(bare);
try {
  const nodeAlone = await starts();
  await manyAccounts(nodeAlone);
  await bulkRefresh();
} finally {
  await keychain?.stop();
  await server.close();
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`node ${process.version}, ${runs} runs\n\n${report(rows)}`);

function vaultOf(source, count, env = bare) {
  return makeVault(work, { source, count, endpoint: server.endpoint, env });
}

/** @returns {Promise<number>} the median of `node -e 0` */
async function starts() {
  const file = await vaultOf('file', 1);
  const floorArgs = [join(file.data, 'vault.db'), join(file.config, 'master.key'), ...ACCOUNT.split('/')];
  const tasks = {
    node: { args: ['-e', '0'], env: bare },
    floor: { args: [here('floor.cjs'), ...floorArgs], env: file.env },
    file: { args: [VAULT, 'token', ACCOUNT], env: file.env },
    program: { args: [VAULT, '--version'], env: file.env },
  };
  if (keychain !== null) {
    const env = { ...bare, DBUS_SESSION_BUS_ADDRESS: keychain.address };
    tasks.keychain = { args: [VAULT, 'token', ACCOUNT], env: (await vaultOf('keychain', 1, env)).env };
  }
  const [least, ours] = [await run(tasks.floor), await run(tasks.file)];
  if (least.stdout !== ours.stdout)
    throw new Error('the floor script and vault token print different tokens');
  const ms = await interleave(tasks, runs);
  rows.push({ what: 'node -e 0', value: `${ms.node.toFixed(1)} ms` });
  rows.push({ what: 'vault --version', value: ratio(ms.program, ms.node, 'node -e 0') });
  rows.push({ what: 'floor: open, read, unseal', value: ratio(ms.floor, ms.node, 'node -e 0') });
  rows.push({
    what: 'vault token, key file',
    value: ratio(ms.file, ms.floor, 'the floor'),
    target: 'at most 1.2 x the floor',
    met: ms.file <= 1.2 * ms.floor,
  });
  const more = (ms.keychain ?? Number.NaN) - ms.file;
  rows.push({
    what: 'vault token, keychain',
    value: keychain === null ? 'no keychain here' : `${more.toFixed(1)} ms more than with a key file`,
    target: 'at most 15 ms more',
    met: more <= 15,
  });
  return ms.node;
}

async function manyAccounts(nodeAlone) {
  const { env } = await vaultOf('file', 10_000);
  const command = (...args) => ({ args: [VAULT, ...args], env });
  const list = command('list', '--json');
  const ms = await interleave({ node: { args: ['-e', '0'], env: bare }, list }, Math.ceil(runs / 3));
  rows.push({
    what: 'list --json, 10,000 accounts',
    value: ratio(ms.list, ms.node, 'node -e 0'),
    target: 'at most 3 x node -e 0',
    met: ms.list <= 3 * ms.node,
  });
  const megabytes = await peakMemory(list);
  rows.push({
    what: 'list --json, memory',
    value: `${megabytes.toFixed(0)} MB`,
    target: 'at most 150 MB',
    met: megabytes <= 150,
  });
  const others = {
    list: command('list'),
    'token, by a unique beginning': command('token', ACCOUNT.slice(0, -4)),
    'token --refresh': command('token', ACCOUNT, '--refresh'),
    show: command('show', ACCOUNT),
    'show --json': command('show', ACCOUNT, '--json'),
    providers: command('providers'),
    'refresh, one': command('refresh', ACCOUNT, '--force'),
    'refresh --all --dry-run': command('refresh', '--all', '--dry-run'),
    'refresh --all, none due': command('refresh', '--all', '--days', '0'),
    'revoke --all --dry-run': command('revoke', '--all', '--dry-run'),
    'revoke --all --dry-run --json': command('revoke', '--all', '--dry-run', '--json'),
    'login --dry-run': command('login', 'bench', '--as', 'another', '--dry-run'),
    '--help': command('--help'),
  };
  for (const [name, milliseconds] of Object.entries(await interleave(others, 3))) {
    rows.push({
      what: `${name}, 10,000 accounts`,
      value: `${ratio(milliseconds, nodeAlone, 'node -e 0')}`,
      target: 'under 2 s',
      met: milliseconds < 2000,
    });
  }
  const slowest = JSON.parse((await run({ args: [here('queries.mjs'), ACCOUNT], env })).stdout);
  rows.push({
    what: 'slowest query, 10,000 accounts',
    value: `${slowest.milliseconds.toFixed(0)} ms (${slowest.name})`,
    target: 'under 100 ms',
    met: slowest.milliseconds < 100,
  });
}

async function bulkRefresh() {
  const total = 1000;
  const width = 8;
  const { env } = await vaultOf('file', total);
  const before = server.requests();
  const all = ['refresh', '--all', '--force', '--concurrency', String(width)];
  const vault = { args: [VAULT, ...all], env };
  await run(vault);
  if (server.requests() - before !== total)
    throw new Error('refresh --all did not send one request per account');
  const plain = { args: [here('plain-loop.cjs'), server.endpoint, String(total), String(width)], env: bare };
  const ms = await interleave({ plain, vault }, Math.ceil(runs / 6));
  rows.push({
    what: `refresh --all, ${total} accounts`,
    value: ratio(ms.vault, ms.plain, 'a plain undici loop'),
    target: 'at most 1.5 x the loop',
    met: ms.vault <= 1.5 * ms.plain,
  });
}

function ratio(milliseconds, base, name) {
  return `${(milliseconds / base).toFixed(2)} x ${name} (${milliseconds.toFixed(1)} ms)`;
}
