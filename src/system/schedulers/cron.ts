import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { BoundedEnd } from '../processes/child.js';
import {
  assertNoControls,
  type Job,
  type JobName,
  jobMarker,
  type Machine,
  type Scheduler,
  shellWord,
  type Times,
} from './contract.js';

/** How `crontab -l` reports that there is none: Debian, macOS and BSD, Alpine. */
const NONE_YET = /no crontab|can't open/i;

/** The user's crontab, through crontab(1). */
export function cron(machine: Machine): Scheduler {
  async function read(): Promise<string> {
    const end = await machine.run('crontab', ['-l'], { env: { LC_ALL: 'C' } });
    if (end.kind === 'ended' && end.exitCode === 0) return end.stdout.toString('latin1');
    // A crontab that cannot be read must not be overwritten.
    if (end.kind === 'ended' && NONE_YET.test(end.stderr)) return '';
    throw refused('read', end);
  }

  async function write(crontab: string): Promise<void> {
    const input = Buffer.from(crontab, 'latin1');
    const end = await machine.run('crontab', ['-'], { input, env: { LC_ALL: 'C' } });
    if (end.kind !== 'ended' || end.exitCode !== 0) throw refused('changed', end);
    if ((await read()) === crontab) return;
    throw new VaultError('scheduler_failed', 'the crontab does not contain what was just written', {
      hint: 'see what is in it: crontab -l',
    });
  }

  return {
    kind: 'cron',

    async available() {
      return (await machine.run('crontab', ['-l'], { env: { LC_ALL: 'C' } })).kind === 'ended';
    },

    plan: (job) => ({ block: crontabBlock(job), files: [], commands: [] }),
    undo: () => [],

    async install(job) {
      const before = await read();
      const after = withBlock(before, job);
      if (after !== before) await write(after);
      const notes = ["it runs only if a cron daemon runs; to check: pgrep -x 'cron|crond'"];
      if (job.times === null) {
        // `nohup` does not work, because Node resets all signals. A terminal does not end what a subshell left behind.
        const now = job.command.map(shellWord).join(' ');
        notes.push(
          `cron starts it when the machine starts, but does not restart it; to start it now: (${now} >/dev/null 2>&1 &)`,
        );
      }
      return { changed: after !== before, active: true, notes };
    },

    async uninstall(name) {
      const after = withoutBlock(await read(), name);
      if (after === null) return false;
      await write(after);
      return true;
    },
  };
}

function refused(what: string, end: BoundedEnd): VaultError {
  const hint = 'see: crontab -l';
  if (end.kind === 'not_started') {
    return new VaultError('scheduler_failed', 'there is no crontab program on this machine', {
      hint: `${command('schedule --kind systemd')}\nor install cron`,
    });
  }
  if (end.kind === 'timed_out') return new VaultError('scheduler_failed', 'crontab did not answer', { hint });
  if (/not allowed/i.test(end.stderr)) {
    return new VaultError('scheduler_failed', 'this user is not allowed to have a crontab', {
      hint: `ask the administrator for an entry in /etc/cron.allow, or use: ${command('schedule --kind systemd')}`,
    });
  }
  return new VaultError('scheduler_failed', `the crontab could not be ${what}`, { hint });
}

/*
 * The text of a crontab. It is the user's file and may have any encoding, so it is handled as bytes, one character each
 * (`latin1`), and everything but our own block stays unchanged.
 */

/** Debian's cron accepts no longer command. Source: MAX_COMMAND in its cron.h, 1000 with the terminator. */
const LONGEST_COMMAND = 998;

/**
 * The job as lines of a crontab between two markers. `env` sets the variables, because the user chooses the shell that
 * reads the line (`SHELL=`), and variables set in the crontab would affect the user's own lines.
 *
 * @throws VaultError `config_invalid` when a crontab cannot hold it
 */
export function crontabBlock(job: Job): string {
  assertNoControls(job);
  const variables = Object.entries(job.env).map(([name, value]) => `${name}=${value}`);
  const words = ['/usr/bin/env', ...variables, ...job.command];
  if (words.some((word) => word.includes('\\'))) {
    throw new VaultError('config_invalid', 'a crontab cannot contain a path with a backslash', {
      hint: 'move the vault or this program to a path without a backslash',
    });
  }
  // An unescaped % ends the command and begins its input: crontab(5).
  const jobLine = words.map(shellWord).join(' ').replaceAll('%', '\\%');
  if (Buffer.byteLength(jobLine) > LONGEST_COMMAND) {
    throw new VaultError('config_invalid', 'the crontab line would be longer than cron allows', {
      hint: `a long PATH is the likely cause; try a short one: PATH=/usr/local/bin:/usr/bin:/bin ${command('schedule')}`,
    });
  }
  const { begin, end } = marks(job);
  return `${begin}\n${whenOf(job.times)} ${jobLine}\n${end}\n`;
}

/**
 * @param crontab bytes as `latin1`
 * @returns the crontab with this block in place of an earlier one, or at its end
 * @throws VaultError `config_invalid` when one of the markers is missing
 */
export function withBlock(crontab: string, job: Job): string {
  const block = Buffer.from(crontabBlock(job), 'utf8').toString('latin1');
  const place = placeOf(crontab, job);
  if (place !== null) return crontab.slice(0, place.from) + block + crontab.slice(place.to);
  const whole = crontab === '' || crontab.endsWith('\n') ? crontab : `${crontab}\n`;
  return whole + block;
}

/** Without the block; null when there is none. */
export function withoutBlock(crontab: string, name: JobName): string | null {
  const place = placeOf(crontab, name);
  return place === null ? null : crontab.slice(0, place.from) + crontab.slice(place.to);
}

function marks(name: JobName) {
  const mark = jobMarker(name);
  return { begin: `# >>> ${mark} >>>`, end: `# <<< ${mark} <<<` };
}

function placeOf(crontab: string, name: JobName): { readonly from: number; readonly to: number } | null {
  const { begin, end } = marks(name);
  const from = startOfLine(crontab, begin);
  const last = startOfLine(crontab, end);
  if (from === null && last === null) return null;
  if (from === null || last === null || last < from) {
    throw new VaultError('config_invalid', 'the block of token-vault in the crontab is damaged', {
      hint: `remove ${begin}, ${end} and the lines between them: crontab -e`,
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
