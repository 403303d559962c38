import { VaultError } from '../../domain/errors.js';
import type { Job, Times } from './contract.js';
import { markOf, refuseControls } from './words.js';

/*
 * The texts of systemd units, pure. Sources: systemd.syntax(7), systemd.service(5), systemd.exec(5), systemd.timer(5),
 * systemd.time(7).
 */

export interface Unit {
  readonly name: string;
  readonly text: string;
}

/** The first line of a unit of ours. A file without it is somebody else's. */
export function firstLine(job: Pick<Job, 'purpose' | 'name' | 'vault'>): string {
  return `# ${markOf(job)}`;
}

/** @returns the service, and the timer of one that does not run all the time. @throws VaultError `config_invalid` */
export function unitsOf(job: Job): readonly [service: Unit, timer?: Unit] {
  refuseControls(job);
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
    '# A request in flight is heard out before a stop, or its refresh token would be lost.',
    'TimeoutStopSec=150',
    'UMask=0077',
    '# A memory dump would hold tokens.',
    'LimitCORE=0',
    ...(job.confined ? CONFINED : []),
    ...(job.times === null ? ['', '[Install]', 'WantedBy=default.target'] : []),
  ]);
}

/** What is wrong with the configuration (exit code 2) no restart puts right. */
const KEPT_RUNNING = ['Type=exec', 'Restart=on-failure', 'RestartSec=30', 'RestartPreventExitStatus=2'];

/** It may have many accounts, and a provider that is slow for each. */
const ONCE = ['Type=oneshot', 'TimeoutStartSec=15min'];

/**
 * What a user's own service manager can do without namespaces of its own, which many systems deny to users. All of it
 * takes away the way to more rights: a program that needs set-user-ID or set-group-ID would fail under it.
 */
const CONFINED = [
  'NoNewPrivileges=yes',
  'RestrictSUIDSGID=yes',
  'RestrictRealtime=yes',
  'LockPersonality=yes',
];

function credential({ credential }: Job): string[] {
  if (credential === null) return [];
  // Where systemd-creds(1) puts what it has encrypted; anything else is taken as it is.
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
    '# One that was missed while the machine was off is made up for.',
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]);
}

function text(job: Job, lines: readonly string[]): string {
  const written = '# Written by vault. Without the line above the file is yours, and is left alone.';
  return `${[firstLine(job), written, '', ...lines].join('\n')}\n`;
}

/** As systemd-analyze calendar(1) reads it: every day, at these hours and minutes. */
export function calendar({ hours, minutes }: Times): string {
  return `*-*-* ${listOf(hours)}:${listOf(minutes)}:00`;
}

function listOf(numbers: readonly number[] | 'every'): string {
  return numbers === 'every' ? '*' : numbers.map((number) => String(number).padStart(2, '0')).join(',');
}

/** The program's own path knows no variables, so a `$` in it stays single; quotes and backslashes systemd refuses in it. */
function commandLine([program, ...args]: Job['command']): string {
  if (/["'\\]/.test(program)) {
    throw new VaultError(
      'config_invalid',
      'systemd runs no program with a quote or a backslash in its path',
      {
        hint: `move Node to a path without one: ${program}`,
      },
    );
  }
  return [quoted(program), ...args.map((word) => quoted(word.replaceAll('$', '$$$$')))].join(' ');
}

/** A word between quotes, where `\` and `"` are escaped, and `%` begins a specifier everywhere in a unit. */
function quoted(word: string): string {
  const escaped = literal(word.replaceAll('\\', '\\\\').replaceAll('"', '\\"'));
  return /^[A-Za-z0-9@+=:,./_-]+$/.test(word) ? word : `"${escaped}"`;
}

function literal(value: string): string {
  return value.replaceAll('%', '%%');
}
