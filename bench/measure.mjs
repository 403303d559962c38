import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MEMORY = fileURLToPath(new URL('memory.cjs', import.meta.url));

/**
 * @typedef {object} Task
 * @property {string[]} args of node
 * @property {NodeJS.ProcessEnv} env the whole environment
 * @property {number} [exitCode] what it has to end with, 0 if left out
 */

/**
 * Runs one process to its end.
 *
 * @param {Task} task
 * @returns {Promise<{ milliseconds: number, stdout: string, stderr: string }>}
 */
export async function run({ args, env, exitCode = 0 }) {
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
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
  if (code !== exitCode) {
    throw new Error(`node ${args.join(' ')} ended with ${code}, not ${exitCode}:\n${said.stderr}`);
  }
  return { milliseconds, ...said };
}

/**
 * Runs tasks in turn, round after round, so that whatever else the machine does falls on all of them alike.
 *
 * @template {string} Name
 * @param {Record<Name, Task>} tasks
 * @param {number} rounds
 * @returns {Promise<Record<Name, number>>} medians in milliseconds
 */
export async function interleave(tasks, rounds) {
  const names = Object.keys(tasks);
  const times = new Map(names.map((name) => [name, []]));
  for (const name of names) await run(tasks[name]);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) times.get(name).push((await run(tasks[name])).milliseconds);
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name))]));
}

/**
 * @param {Task} task
 * @returns {Promise<number>} megabytes at the peak, in a run of its own
 */
export async function peakMemory(task) {
  // Not preloaded: the vault refuses to run where other code runs first.
  const both = [MEMORY, task.args[0]].map((path) => `require(${JSON.stringify(path)})`).join(';');
  const { stderr } = await run({ ...task, args: ['--eval', both, ...task.args] });
  return Number(/maxRSS=(\d+)/.exec(stderr)[1]) / 1024;
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
