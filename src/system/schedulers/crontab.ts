import { VaultError } from '../../domain/errors.js';
import type { Job, JobName, Times } from './contract.js';
import { markOf, refuseControls, shellWord } from './words.js';

/*
 * The text of a crontab, pure. It is the user's file and may be in any encoding, so it is taken as bytes, one
 * character each (`latin1`), and all but our own block stays as it is.
 */

/** Debian's cron takes no longer command. Source: MAX_COMMAND in its cron.h, 1000 with the end of the text. */
const LONGEST_COMMAND = 998;

/**
 * The job as lines of a crontab, between two marks. `env` sets the variables, because which shell reads the line is
 * the user's choice (`SHELL=` in the crontab), and a variable set in the crontab itself would reach the user's own lines.
 *
 * @throws VaultError `config_invalid` when a crontab cannot hold it
 */
export function crontabBlock(job: Job): string {
  refuseControls(job);
  const variables = Object.entries(job.env).map(([name, value]) => `${name}=${value}`);
  const words = ['/usr/bin/env', ...variables, ...job.command];
  if (words.some((word) => word.includes('\\'))) {
    throw new VaultError('config_invalid', 'a crontab cannot hold a path with a backslash in it', {
      hint: 'move the vault or this program to a path without one',
    });
  }
  // An unescaped % ends the command and begins its input: crontab(5).
  const command = words.map(shellWord).join(' ').replaceAll('%', '\\%');
  if (Buffer.byteLength(command) > LONGEST_COMMAND) {
    throw new VaultError('config_invalid', 'the line would be longer than cron takes', {
      hint: 'PATH is likely the reason; with a short one: PATH=/usr/local/bin:/usr/bin:/bin vault schedule',
    });
  }
  const { begin, end } = marks(job);
  return `${begin}\n${whenOf(job.times)} ${command}\n${end}\n`;
}

/**
 * @param crontab bytes as `latin1`
 * @returns the crontab with this block in the place of an earlier one, or at its end
 * @throws VaultError `config_invalid` when somebody has taken a mark away
 */
export function withBlock(crontab: string, job: Job): string {
  const block = Buffer.from(crontabBlock(job), 'utf8').toString('latin1');
  const place = placeOf(crontab, job);
  if (place !== null) return crontab.slice(0, place.from) + block + crontab.slice(place.to);
  const whole = crontab === '' || crontab.endsWith('\n') ? crontab : `${crontab}\n`;
  return whole + block;
}

/** As {@link withBlock}; null when there is no such block. */
export function withoutBlock(crontab: string, name: JobName): string | null {
  const place = placeOf(crontab, name);
  return place === null ? null : crontab.slice(0, place.from) + crontab.slice(place.to);
}

function marks(name: JobName) {
  const mark = markOf(name);
  return { begin: `# >>> ${mark} >>>`, end: `# <<< ${mark} <<<` };
}

function placeOf(crontab: string, name: JobName): { readonly from: number; readonly to: number } | null {
  const { begin, end } = marks(name);
  const from = startOfLine(crontab, begin);
  const last = startOfLine(crontab, end);
  if (from === null && last === null) return null;
  if (from === null || last === null || last < from) {
    throw new VaultError('config_invalid', 'the lines of token-vault in the crontab are not whole any more', {
      hint: `take out the marks ${begin} and ${end}, and what stands between them: crontab -e`,
    });
  }
  const lineEnd = crontab.indexOf('\n', last);
  return { from, to: lineEnd === -1 ? crontab.length : lineEnd + 1 };
}

function startOfLine(crontab: string, line: string): number | null {
  const wanted = Buffer.from(line, 'utf8').toString('latin1');
  let start = 0;
  for (const each of crontab.split('\n')) {
    if (each === wanted) return start;
    start += each.length + 1;
  }
  return null;
}

function whenOf(times: Times | null): string {
  return times === null ? '@reboot' : `${listOf(times.minutes)} ${listOf(times.hours)} * * *`;
}

function listOf(numbers: readonly number[] | 'every'): string {
  return numbers === 'every' ? '*' : numbers.join(',');
}
