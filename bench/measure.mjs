import { spawn } from 'node:child_process';

/**
 * Runs one process to its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env the whole environment
 * @param {string} [input] its stdin
 * @returns {Promise<{ milliseconds: number, stdout: string, stderr: string }>}
 * @throws Error when it ends with another exit code than 0
 */
export async function run(program, args, env, input) {
  const start = performance.now();
  const child = spawn(program, args, {
    cwd: '/',
    env,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const milliseconds = performance.now() - start;
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${said.stderr}`);
  return { milliseconds, ...said };
}

/**
 * Takes one sample of each in every round, so that whatever else the machine does falls on all of them alike. Every other
 * round goes backwards, so that none is always the one after another.
 *
 * @param {Record<string, () => Promise<number>>} samplers
 * @param {number} rounds
 * @returns {Promise<Record<string, number>[]>} the samples of each round
 */
export async function sample(samplers, rounds) {
  const names = Object.keys(samplers);
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const samples = {};
    for (const name of round % 2 === 0 ? names : names.toReversed()) samples[name] = await samplers[name]();
    found.push(samples);
  }
  return found;
}

/**
 * @param {readonly number[]} values
 * @returns {{ low: number, median: number, high: number }} with the quartiles
 */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)];
  return { low: at(1 / 4), median: at(1 / 2), high: at(3 / 4) };
}
