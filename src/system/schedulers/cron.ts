import { VaultError } from '../../domain/errors.js';
import type { BoundedEnd } from '../processes/bounded-child.js';
import type { Machine, Scheduler } from './contract.js';
import { crontabBlock, withBlock, withoutBlock } from './crontab.js';
import { shellWord } from './words.js';

/** What `crontab -l` says where there is none yet: Debian, macOS and BSD, Alpine. */
const NONE_YET = /no crontab|can't open/i;

/** The user's own crontab, read and written by crontab(1). */
export function cron(machine: Machine): Scheduler {
  async function read(): Promise<string> {
    const end = await machine.run('crontab', ['-l'], { env: { LC_ALL: 'C' } });
    if (end.kind === 'ended' && end.exitCode === 0) return end.stdout.toString('latin1');
    // What could not be read must not be written over.
    if (end.kind === 'ended' && NONE_YET.test(end.stderr)) return '';
    throw refused('read', end);
  }

  async function write(crontab: string): Promise<void> {
    const input = Buffer.from(crontab, 'latin1');
    const end = await machine.run('crontab', ['-'], { input, env: { LC_ALL: 'C' } });
    if (end.kind !== 'ended' || end.exitCode !== 0) throw refused('changed', end);
    if ((await read()) === crontab) return;
    throw new VaultError('scheduler_failed', 'the crontab does not hold what was just written into it', {
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
      const notes = ["it runs where a cron daemon does; this shows one: pgrep -x 'cron|crond'"];
      if (job.times === null) {
        // Node gives `nohup` no heed: it takes all signals anew. What a subshell leaves behind no terminal ends.
        const now = job.command.map(shellWord).join(' ');
        notes.push(
          `cron starts it with the machine, and not again when it ends; for now: (${now} >/dev/null 2>&1 &)`,
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
  const hint = 'see what it says: crontab -l';
  if (end.kind === 'not_started') {
    return new VaultError('scheduler_failed', 'there is no crontab program on this machine', {
      hint: 'vault schedule --kind systemd\nor install cron',
    });
  }
  if (end.kind === 'timed_out') return new VaultError('scheduler_failed', 'crontab did not answer', { hint });
  if (/not allowed/i.test(end.stderr)) {
    return new VaultError('scheduler_failed', 'this user is not allowed to have a crontab', {
      hint: 'ask the administrator for an entry in /etc/cron.allow, or use: vault schedule --kind systemd',
    });
  }
  return new VaultError('scheduler_failed', `the crontab could not be ${what}`, { hint });
}
