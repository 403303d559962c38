import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { missing } from '../test/harness/parts.js';
import type { Trial, Verdict } from './contract.js';
import { TRIALS } from './index.js';
import { seeded } from './room/random.js';

/*
 * npm run trial -- [--seed 7] [--rounds 1000] [--from 0] [name...]
 *
 * Each trial prints one line with its figure, and below it what went wrong and how to repeat it. The exit code is 1 when a
 * promise did not hold, 2 when a trial could not be run.
 */
const MOST_SHOWN = 10;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '7' },
    rounds: { type: 'string' },
    from: { type: 'string', default: '0' },
  },
});
const seed = Number(values.seed);
const from = Number(values.from);
const unknown = positionals.filter((name) => !TRIALS.some((trial) => trial.name === name));
if (unknown.length > 0) {
  console.error(`no trial is named ${unknown.join(', ')}; there are:`);
  for (const { name, promise } of TRIALS) console.error(`  ${name.padEnd(24)}${promise}`);
  process.exitCode = 2;
} else {
  console.log(`node ${process.version}, ${cpus().length} cores, seed ${seed}`);
  const wanted = positionals.length === 0 ? TRIALS : TRIALS.filter(({ name }) => positionals.includes(name));
  for (const trial of wanted) await put(trial);
  // A trial that broke off may have left servers and children behind.
  process.exit();
}

async function put(trial: Trial): Promise<void> {
  const lacking = missing(...trial.needs);
  if (lacking.length > 0) {
    console.log(`${trial.name}: not run, ${lacking.join(', ')}`);
    process.exitCode ??= 2;
    return;
  }
  const rounds = values.rounds === undefined ? trial.rounds : Number(values.rounds);
  const begun = Date.now();
  const verdict = await attempt(trial, rounds);
  const seconds = Math.round((Date.now() - begun) / 1_000);
  console.log(
    `${verdict.broken.length === 0 ? 'ok ' : 'BROKEN'} ${trial.name}: ${verdict.figure} (${seconds} s)`,
  );
  for (const { round, what } of verdict.broken.slice(0, MOST_SHOWN)) {
    const again = round === null ? `--from ${from} --rounds ${rounds}` : `--from ${round} --rounds 1`;
    console.log(`   ${what}\n   again: npm run trial -- --seed ${seed} ${again} ${trial.name}`);
  }
  const more = verdict.broken.length - MOST_SHOWN;
  if (more > 0) console.log(`   and ${more} more`);
  if (verdict.broken.length > 0) process.exitCode = 1;
}

async function attempt(trial: Trial, rounds: number): Promise<Verdict> {
  try {
    return await trial.run({ seed, rounds, from, random: (round) => seeded(seed, round) });
  } catch (failure) {
    const what = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    return { figure: 'could not be brought to its end', broken: [{ round: null, what }] };
  }
}
