import { dirname, isAbsolute, join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { quoted as shellQuoted } from '../../domain/safe-text.js';
import type { Files } from '../contract.js';
import { readOnlyFs } from '../files/read-only.js';
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

const LIMIT = 64 * 1024;

/** Units of the user's service manager. */
export function systemd(machine: Machine): Scheduler {
  const { files } = machine;
  const folder = join(configFolder(machine), 'systemd', 'user');

  /** systemctl needs the variable, which is missing after `su` and under cron. */
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
        (await available()) && (await activate(job, changed && before.some((text) => text !== null)));
      return { changed, active, notes: active ? lingering(machine) : [] };
    },

    async uninstall(name) {
      // The timer first, so that it does not start the service meanwhile.
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

  async function activate(job: Job, replaced: boolean): Promise<boolean> {
    const unit = startedUnit(job);
    if (!((await systemctl('daemon-reload')) && (await systemctl('enable', '--now', unit)))) {
      throw new VaultError('scheduler_failed', `systemd does not start ${unit}`, {
        hint: `see why: systemctl --user status ${unit}`,
      });
    }
    // A running service still follows the old text.
    return !replaced || systemctl('try-restart', unit);
  }
}

/** The unit to enable: the service, or the timer that starts it. */
function startedUnit({ name, times }: Job): string {
  return `${name}.${times === null ? 'service' : 'timer'}`;
}

/** Source: systemd.unit(5), "User Unit Search Path". */
function configFolder({ env, home }: Machine): string {
  const set = env['XDG_CONFIG_HOME'];
  return set !== undefined && isAbsolute(set) ? set : join(home, '.config');
}

/**
 * @returns the text of our unit; null when there is none
 * @throws VaultError `config_invalid` when the file is the user's own or another vault's; `vault_permissions`
 */
function ownText(path: string, name: JobName, files: Files): string | null {
  const text = readUnit(path, files);
  if (text === null || isOwn(text, name)) return text;
  throw new VaultError('config_invalid', `${path} is not from this program or is for another vault`, {
    hint: `it was not changed; to rename it: mv ${shellQuoted(path)} ${shellQuoted(`${path}.mine`)}`,
  });
}

/**
 * Changes nothing, since the file may be the user's own.
 *
 * @returns an empty string for a link, which is never ours
 */
function readUnit(path: string, files: Files): string | null {
  if (!files.exists(path)) return null;
  return readOnlyFs.info(path)?.kind === 'file'
    ? (readOnlyFs.read(path, LIMIT)?.toString('utf8') ?? null)
    : '';
}

function isOwn(text: string | null, name: JobName): boolean {
  return text?.split('\n', 1)[0] === firstLine(name);
}

/** An existing folder keeps its mode: `ensureFolder` would close it. */
function write(path: string, text: string, files: Files): void {
  const folder = dirname(path);
  asScheduler(() => {
    if (!files.exists(folder)) files.ensureFolder(folder);
    files.replace(path, Buffer.from(text, 'utf8'));
  });
}

/** `exists` checks the path, `remove` does not. */
function remove(path: string, files: Files): void {
  asScheduler(() => {
    if (files.exists(path)) files.remove(path);
  });
}

/** Names the scheduler, because it is not the vault that cannot be written. */
function asScheduler(action: () => void): void {
  try {
    action();
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'vault_not_writable') throw failure;
    const { message, hint } = failure;
    throw new VaultError('scheduler_failed', message, { hint, cause: failure });
  }
}

/** Without lingering the service manager ends with the user's last session. Source: loginctl(1). */
function lingering({ user }: Machine): readonly string[] {
  if (user === null || readOnlyFs.info(`/var/lib/systemd/linger/${user}`) !== null) return [];
  return [
    `it does not run while ${user} is logged out; to change that: loginctl enable-linger ${shellWord(user)}`,
  ];
}

/*
 * The texts of systemd units. Sources: systemd.syntax(7), systemd.service(5), systemd.exec(5), systemd.timer(5),
 * systemd.time(7).
 */

export interface Unit {
  readonly name: string;
  readonly text: string;
}

/** The first line of our units. A file without it is the user's. */
function firstLine(job: Pick<Job, 'purpose' | 'name' | 'vault'>): string {
  return `# ${jobMarker(job)}`;
}

/** @returns the service, and a timer unless it runs all the time. @throws VaultError `config_invalid` */
export function unitsOf(job: Job): readonly [service: Unit, timer?: Unit] {
  assertNoControls(job);
  const service = { name: `${job.name}.service`, text: serviceText(job) };
  return job.times === null
    ? [service]
    : [service, { name: `${job.name}.timer`, text: timerText(job, job.times) }];
}

function serviceText(job: Job): string {
  return text(job, [
    '[Unit]',
    `Description=${literal(job.summary)}`,
    '',
    '[Service]',
    ...(job.times === null ? KEPT_RUNNING : ONCE),
    `ExecStart=${commandLine(job.command)}`,
    ...Object.entries(job.env).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    ...credential(job),
    '# Before a stop a request in flight is finished: otherwise its refresh token would be lost.',
    'TimeoutStopSec=150',
    'UMask=0077',
    '# A memory dump would hold tokens.',
    'LimitCORE=0',
    ...(job.confined ? CONFINED : []),
    ...(job.times === null ? ['', '[Install]', 'WantedBy=default.target'] : []),
  ]);
}

/** A restart does not fix a wrong configuration (exit code 2). */
const KEPT_RUNNING = ['Type=exec', 'Restart=on-failure', 'RestartSec=30', 'RestartPreventExitStatus=2'];

/** There may be many accounts with slow providers. */
const ONCE = ['Type=oneshot', 'TimeoutStartSec=15min'];

/** Works without namespaces, which many systems deny to users. It disables set-user-ID and set-group-ID programs. */
const CONFINED = [
  'NoNewPrivileges=yes',
  'RestrictSUIDSGID=yes',
  'RestrictRealtime=yes',
  'LockPersonality=yes',
];

function credential({ credential }: Job): string[] {
  if (credential === null) return [];
  // Where systemd-creds(1) puts encrypted credentials.
  const option = credential.path.includes('/credstore.encrypted/')
    ? 'LoadCredentialEncrypted'
    : 'LoadCredential';
  return [`${option}=${credential.name}:${literal(credential.path)}`];
}

function timerText(job: Job, times: Times): string {
  return text(job, [
    '[Unit]',
    `Description=${literal(job.summary)}`,
    '',
    '[Timer]',
    `OnCalendar=${calendar(times)}`,
    '# A run that was missed while the machine was off is made up for.',
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]);
}

function text(job: Job, lines: readonly string[]): string {
  const written = '# Written by vault, which does not change a file without the line above.';
  return `${[firstLine(job), written, '', ...lines].join('\n')}\n`;
}

/** As systemd-analyze calendar(1) reads it. */
export function calendar({ hours, minutes }: Times): string {
  return `*-*-* ${listOf(hours)}:${listOf(minutes)}:00`;
}

function listOf(numbers: readonly number[] | 'every'): string {
  return numbers === 'every' ? '*' : numbers.map((number) => String(number).padStart(2, '0')).join(',');
}

/**
 * systemd expands no variables in the program's path, so a `$` in it stays single; it rejects quotes and backslashes
 * there.
 */
function commandLine([program, ...args]: Job['command']): string {
  if (/["'\\]/.test(program)) {
    throw new VaultError(
      'config_invalid',
      'systemd runs no program with a quote or a backslash in its path',
      {
        hint: `move the program to a path without these: ${program}`,
      },
    );
  }
  return [quoted(program), ...args.map((word) => quoted(word.replaceAll('$', '$$$$')))].join(' ');
}

/** A quoted word: `\` and `"` are escaped, and `%` begins a specifier everywhere in a unit. */
function quoted(word: string): string {
  const escaped = literal(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"'));
  return /^[A-Za-z0-9@+=:,./_-]+$/.test(word) ? word : `"${escaped}"`;
}

function literal(value: string): string {
  return value.replaceAll('%', '%%');
}
