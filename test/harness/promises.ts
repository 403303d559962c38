import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Canaries } from './canaries.js';
import type { CliRun } from './cli.js';
import type { TempHome } from './temp-home.js';

/**
 * What must hold after any test, whatever it was about: no secret anywhere it may not be, and stdout that a script
 * can trust.
 *
 * @returns one sentence for each promise that was broken
 */
export function brokenPromises(home: TempHome, canaries: Canaries): string[] {
  for (const key of masterKeys(home)) canaries.masterKey(key, Buffer.from(key, 'base64url').toString('hex'));
  return [...canaries.traces(home), ...home.runs.flatMap(brokenOutput)];
}

function brokenOutput({ args, exitCode, stdout, stderr }: CliRun): string[] {
  const broken: string[] = [];
  const line = args.join(' ');
  const colour = /\u001b/;
  if (colour.test(stdout) || colour.test(stderr)) broken.push(`${line}: has colour in a pipe`);
  if (/\n\s+at .+:\d+:\d+/.test(stderr)) broken.push(`${line}: shows a stack trace:\n${stderr}`);
  if (args[0] !== 'token' || args.includes('--json') || args.includes('--format')) return broken;
  const isToken = /^[\u0021-\u007e]+\n$/.test(stdout);
  if (exitCode === 0 ? !isToken : stdout !== '') {
    broken.push(`${line}: ended with ${exitCode} and ${JSON.stringify(stdout.slice(0, 20))} on stdout`);
  }
  return broken;
}

/** One a line; what stands behind it is its reference, which is no secret. */
function masterKeys(home: TempHome): readonly string[] {
  try {
    const lines = readFileSync(join(home.vault, 'master.key'), 'latin1').trim().split('\n');
    return lines.map((line) => line.split(' ')[0] ?? '');
  } catch {
    return [];
  }
}
