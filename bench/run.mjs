// Whole processes, in turn, in an environment of PATH and HOME only (NODE_EXTRA_CA_CERTS alone would cost every Node 80 ms).
// Each figure is judged by what the same machine did in the same round: bare Node, the least script for the job, a plain loop.
// A goal that is missed is reported and never fails.
//
//   npm run bench                        every line, in three minutes
//   npm run bench -- token refresh       only these lines
//   npm run bench -- --against COMMIT    builds that commit too, and runs both builds in turn
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkOut, createBuild, ROOT } from './build.mjs';
import { startKeychain } from './keychain.mjs';
import { LOOPS } from './lines.mjs';
import { sample, summary } from './measure.mjs';
import { startTokenServer } from './servers.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { against: { type: 'string' } },
});
const lines = LOOPS.flatMap((loop) => loop.lines);
const unknown = positionals.find((name) => !lines.some((line) => line.name === name));
if (unknown !== undefined) {
  const names = lines.map(({ name }) => name).join(', ');
  refuse(`no line is named ${unknown}; there are: ${names}`);
}
if (values.against !== undefined && !isCommit(values.against)) refuse(`no commit is named ${values.against}`);
const isWanted = ({ name }) => positionals.length === 0 || positionals.includes(name);

const work = mkdtempSync(join(tmpdir(), 'vault-bench-'));
// What is left when the bench is interrupted; the agents end as well, see build.mjs.
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const closing = [];
const missed = [];
let session;
try {
  const server = await startTokenServer();
  closing.push(server.close);
  /** @typedef {typeof bench} Bench */
  const bench = {
    work,
    env: { PATH: process.env.PATH, HOME: work },
    server,
    /** Started when it is first needed; null where there is none. */
    keychain: () => {
      session ??= startKeychain(bench.env);
      return session;
    },
    atEnd: (close) => void closing.push(close),
  };
  closing.push(async () => (await session)?.stop());
  const roots = [ROOT, ...(values.against === undefined ? [] : [checkOut(values.against, work)])];
  const builds = roots.map((root) => createBuild(root, bench));
  for (const build of builds) closing.push(build.close);
  const load = loadavg()[0].toFixed(1);
  process.stdout.write(`node ${process.version}, ${availableParallelism()} processors, load ${load}\n\n`);
  print('median of the rounds', '', 'quartiles', ...(values.against === undefined ? ['goal'] : []));
  for (const loop of LOOPS) await measure(loop, builds, bench);
} finally {
  for (const close of closing.reverse()) await close();
}
if (values.against === undefined)
  process.stdout.write(missed.length === 0 ? '\nEvery goal is met.\n' : `\nMissed: ${missed.join(', ')}.\n`);

async function measure(loop, [own, other], bench) {
  const wanted = loop.lines.filter(isWanted);
  const needed = wanted.flatMap(({ of }) => (other === undefined ? of : of.slice(0, 1)));
  const samplers = {};
  for (const name of new Set(needed)) {
    samplers[name] = await loop.tasks[name](own, bench);
    if (other !== undefined) samplers[`${name}, other`] = await loop.tasks[name](other, bench);
  }
  const possible = Object.fromEntries(Object.entries(samplers).filter(([, sampler]) => sampler !== null));
  if (loop.cold !== true) await sample(possible, 1);
  const rounds = await sample(possible, loop.rounds);
  for (const line of wanted) report(line, rounds, other !== undefined);
}

function report({ name, what, of, value = (a, b = 1) => a / b, goal, unit }, rounds, isComparison) {
  const names = isComparison ? [of[0], `${of[0]}, other`] : of;
  const figure = isComparison ? (a, b) => a / b : value;
  if (names.some((each) => !(each in rounds[0]))) return print(what, 'not measured: a part is missing here');
  const { low, median, high } = summary(
    rounds.map((samples) => figure(...names.map((each) => samples[each]))),
  );
  const text = `${shown(median)} ${isComparison ? `x ${values.against}` : unit}`;
  const spread = rounds.length > 1 ? `${shown(low)}-${shown(high)}` : '';
  if (isComparison) return print(what, text, spread);
  const met = median <= goal;
  if (!met) missed.push(name);
  print(what, text, spread, `${goal}`, met ? 'met' : 'MISSED');
}

function isCommit(name) {
  const { status } = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
    cwd: ROOT,
  });
  return status === 0;
}

function refuse(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}

function print(...cells) {
  const widths = [48, 34, 12, 6];
  const padded = cells.map((cell, column) => cell.padEnd(widths[column] ?? 0));
  process.stdout.write(`${padded.join('  ').trimEnd()}\n`);
}

function shown(value) {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
