import { dirname, isAbsolute, join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { quoted } from '../../domain/safe-text.js';
import type { Files } from '../contract.js';
import { look } from '../files/look.js';
import type { Job, JobName, Machine, Scheduler } from './contract.js';
import { firstLine, unitsOf } from './units.js';
import { shellWord } from './words.js';

/** Far longer than any unit. */
const LIMIT = 64 * 1024;

/** Units of the user's own service manager. */
export function systemd(machine: Machine): Scheduler {
  const { files } = machine;
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
      const units = plan(job).files;
      const before = units.map(({ path }) => ownText(path, job, files));
      const changed = units.some(({ text }, index) => text !== before[index]);
      if (changed) for (const { path, text } of units) write(path, text, files);
      const active =
        (await available()) && (await takeUp(job, changed && before.some((text) => text !== null)));
      return { changed, active, notes: active ? lingering(machine) : [] };
    },

    async uninstall(name) {
      // A timer first, so that it does not start the service meanwhile.
      const units = [`${name.name}.timer`, `${name.name}.service`];
      const there = units.filter((unit) => isOwn(readUnit(join(folder, unit), files), name));
      if (there.length === 0) return false;
      const manager = await available();
      if (manager) await systemctl('disable', '--now', ...there);
      for (const unit of there) {
        for (const wanted of ['timers.target.wants', 'default.target.wants'])
          remove(join(folder, wanted, unit), files);
        remove(join(folder, unit), files);
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
 * @throws VaultError `config_invalid` when it is somebody else's, `vault_permissions` when the way there is
 */
function ownText(path: string, name: JobName, files: Files): string | null {
  const text = readUnit(path, files);
  if (text === null || isOwn(text, name)) return text;
  throw new VaultError('config_invalid', `${path} is not from this program or is for another vault`, {
    hint: `it was left as it is; to make room: mv ${quoted(path)} ${quoted(`${path}.mine`)}`,
  });
}

/**
 * Looks only, since it may be somebody else's, whose mode is not ours to change.
 *
 * @returns nothing but an empty text for a link: whatever it leads to, somebody has put it there
 */
function readUnit(path: string, files: Files): string | null {
  if (!files.exists(path)) return null;
  return look.at(path)?.kind === 'file' ? (look.read(path, LIMIT)?.toString('utf8') ?? null) : '';
}

function isOwn(text: string | null, name: JobName): boolean {
  return text?.split('\n', 1)[0] === firstLine(name);
}

/** A folder that is there is the user's, and its mode stays: `ensureFolder` would close it. */
function write(path: string, text: string, files: Files): void {
  const folder = dirname(path);
  asScheduler(() => {
    if (!files.exists(folder)) files.ensureFolder(folder);
    files.replace(path, Buffer.from(text, 'utf8'));
  });
}

/** `exists` looks at the way there, which `remove` does not. */
function remove(path: string, files: Files): void {
  asScheduler(() => {
    if (files.exists(path)) files.remove(path);
  });
}

/** It is not the vault that cannot be written. */
function asScheduler(action: () => void): void {
  try {
    action();
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'vault_not_writable') throw failure;
    const { message, hint } = failure;
    throw new VaultError('scheduler_failed', message, { ...(hint && { hint }), cause: failure });
  }
}

/** Without it a user's service manager ends with the last session. Source: loginctl(1). */
function lingering({ user }: Machine): readonly string[] {
  if (user === null || look.at(`/var/lib/systemd/linger/${user}`) !== null) return [];
  return [
    `it rests while ${user} is logged out; to have it run then too: loginctl enable-linger ${shellWord(user)}`,
  ];
}
