import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import type { Job, JobName, Machine, Scheduler } from './contract.js';
import { firstLine, unitsOf } from './units.js';
import { shellWord } from './words.js';

/** Units of the user's own service manager. */
export function systemd(machine: Machine): Scheduler {
  const folder = join(configFolder(machine), 'systemd', 'user');

  /** After `su` or under cron the variable is missing though the manager runs; systemctl finds it only by that. */
  const runtime: Record<string, string> =
    machine.uid === undefined || machine.env['XDG_RUNTIME_DIR'] !== undefined
      ? {}
      : { XDG_RUNTIME_DIR: `/run/user/${machine.uid}` };

  async function systemctl(...args: string[]): Promise<boolean> {
    const end = await machine.run('systemctl', ['--user', ...args], { env: runtime });
    return end.kind === 'ended' && end.exitCode === 0;
  }

  const available = () => systemctl('show-environment');

  const plan = (job: Job) => ({
    block: null,
    files: unitsOf(job).map((unit) => ({ path: join(folder, unit?.name ?? ''), text: unit?.text ?? '' })),
    commands: ['systemctl --user daemon-reload', `systemctl --user enable --now ${startedUnit(job)}`],
  });

  return {
    kind: 'systemd',
    available,
    plan,
    undo: () => [],

    async install(job) {
      const { files } = plan(job);
      const before = files.map(({ path }) => ownText(path, job));
      const changed = files.some(({ text }, index) => text !== before[index]);
      if (changed) for (const { path, text } of files) write(path, text);
      const active =
        (await available()) && (await takeUp(job, changed && before.some((text) => text !== null)));
      return { changed, active, notes: active ? lingering(machine) : [] };
    },

    async uninstall(name) {
      // A timer first, so that it does not start the service meanwhile.
      const units = [`${name.name}.timer`, `${name.name}.service`];
      const there = units.filter((unit) => isOwn(readUnit(join(folder, unit)), name));
      if (there.length === 0) return false;
      const manager = await available();
      if (manager) await systemctl('disable', '--now', ...there);
      for (const unit of there) {
        for (const wanted of ['timers.target.wants', 'default.target.wants'])
          remove(join(folder, wanted, unit));
        remove(join(folder, unit));
      }
      if (manager) await systemctl('daemon-reload');
      return true;
    },
  };

  async function takeUp(job: Job, replaced: boolean): Promise<boolean> {
    const unit = startedUnit(job);
    if (!((await systemctl('daemon-reload')) && (await systemctl('enable', '--now', unit)))) {
      throw new VaultError('scheduler_failed', `systemd does not start ${unit}`, {
        hint: `see why: systemctl --user status ${unit}`,
      });
    }
    // What runs already still follows the old text.
    return !replaced || systemctl('try-restart', unit);
  }
}

/** The unit that is enabled: the service itself, or the timer that starts it. */
function startedUnit({ name, times }: Job): string {
  return `${name}.${times === null ? 'service' : 'timer'}`;
}

/** Source: systemd.unit(5), "User Unit Search Path". */
function configFolder({ env, home }: Machine): string {
  const set = env['XDG_CONFIG_HOME'];
  return set !== undefined && isAbsolute(set) ? set : join(home, '.config');
}

/**
 * @returns the text of a unit of ours; null where there is none
 * @throws VaultError `config_invalid` when it is somebody else's
 */
function ownText(path: string, name: JobName): string | null {
  const text = readUnit(path);
  if (text === null || isOwn(text, name)) return text;
  throw new VaultError('config_invalid', `${path} is not from this program or is for another vault`, {
    hint: `it was left as it is; to make room: mv ${shellWord(path)} ${shellWord(`${path}.mine`)}`,
  });
}

/** @returns nothing but an empty text for a link: whatever it leads to, somebody has put it there */
function readUnit(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  return stats.isFile() ? readFileSync(path, 'utf8') : '';
}

function isOwn(text: string | null, name: JobName): boolean {
  return text?.split('\n', 1)[0] === firstLine(name);
}

function write(path: string, text: string): void {
  const beside = `${path}.new`;
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(beside, text, { mode: 0o600 });
    renameSync(beside, path);
  } catch (cause) {
    throw notWritten(path, cause);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw notWritten(path, cause);
  }
}

function notWritten(path: string, cause: unknown): VaultError {
  return new VaultError('scheduler_failed', `${path} could not be written`, {
    hint: `see who may: ls -ld ${shellWord(join(path, '..'))}`,
    cause,
  });
}

/** Without it a user's service manager ends with the last session. Source: loginctl(1). */
function lingering({ user }: Machine): readonly string[] {
  if (user === null || lstatSync(`/var/lib/systemd/linger/${user}`, { throwIfNoEntry: false }) !== undefined)
    return [];
  return [
    `it rests while ${user} is logged out; to have it run then too: loginctl enable-linger ${shellWord(user)}`,
  ];
}
