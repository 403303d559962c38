import { isAbsolute } from 'node:path';
import type { Context } from '../context.js';
import { DAY, HOUR } from '../domain/duration.js';
import { parseDays, parseDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type {
  ScheduleRequest,
  ScheduleResult,
  UnscheduleRequest,
  UnscheduleResult,
} from '../services/schedule/schedule.js';
import { isPartOfDay } from '../services/schedule/schedule.js';
import type { SchedulerKind } from '../system/schedulers/contract.js';
import type { Io } from '../ui/io.js';
import type { Command, OptionSpec, RawInput } from './spec.js';
import { given, oneOf, text } from './spec.js';

/** Written as a record, so that the compiler notices a kind that is missing here. */
export const KINDS = Object.keys({ systemd: true, cron: true, launchd: true } satisfies Record<
  SchedulerKind,
  true
>) as SchedulerKind[];

export const KIND_OPTION: OptionSpec = {
  flags: '--kind <kind>',
  description: 'the scheduler that runs it',
  values: KINDS,
  defaultText: 'the one this machine has',
};
export const CREDENTIAL_OPTION: OptionSpec = {
  flags: '--credential-file <path>',
  description: 'file with the key, for the key source credential',
  values: 'file',
};

export type ScheduleInput =
  | { readonly action: 'schedule'; readonly request: ScheduleRequest }
  | { readonly action: 'unschedule'; readonly request: UnscheduleRequest };

export const schedule: Command<ScheduleInput> = {
  arguments: [],
  options: [
    { flags: '--days <days>', description: 'refresh what expires within this many days', defaultText: '3' },
    {
      flags: '--every <time>',
      description: 'how often to run: 15m, 1h, 12h, daily and so on',
      defaultText: '12h',
    },
    KIND_OPTION,
    CREDENTIAL_OPTION,
    { flags: '--install', description: 'write the job instead of printing it' },
    { flags: '--uninstall', description: 'remove the job' },
  ],
  examples: {
    schedule: 'print the job for this machine; change nothing',
    'schedule --install --every daily': 'refresh once a day from now on',
    'schedule --uninstall': 'remove the job again',
  },

  parse(raw) {
    const kind = oneOf(raw, '--kind', KINDS);
    const days = text(raw, '--days') ?? '3';
    const every = text(raw, '--every') ?? '12h';
    parseDays(days, '--days');
    const credential = credentialPath(raw);
    const install = given(raw, '--install');
    if (given(raw, '--uninstall')) {
      if (!install) return { action: 'unschedule', request: { purpose: 'refresh', kind } };
      throw new VaultError('usage', '--install and --uninstall contradict each other');
    }
    const words = ['--days', days, '--every', every];
    if (credential !== null) words.push('--credential-file', credential);
    const show = `schedule ${words.map(quoted).join(' ')}`;
    const request: ScheduleRequest = {
      purpose: 'refresh',
      install,
      kind,
      every: everyOf(every),
      args: ['refresh', '--all', '--days', days, '--quiet'],
      credential,
      typed: { show, install: `${show} --install`, uninstall: 'schedule --uninstall' },
    };
    return { action: 'schedule', request };
  },

  run: runSchedule,
};

/** Shows, installs or removes the job, and prints the result. */
export async function runSchedule(ctx: Context, input: ScheduleInput, io: Io): Promise<void> {
  const [{ jobHost }, service] = await Promise.all([
    import('../access/job-host.js'),
    import('../services/schedule/schedule.js'),
  ]);
  const host = jobHost(ctx);
  if (input.action === 'unschedule') printUnschedule(await service.unschedule(host, input.request), io);
  else printSchedule(await service.schedule(host, input.request), input.request, io);
}

/** The file that `--credential-file` names. @throws VaultError `usage` */
export function credentialPath(raw: RawInput): string | null {
  const path = text(raw, '--credential-file');
  if (path === null || isAbsolute(path)) return path;
  throw new VaultError('usage', '--credential-file takes the absolute path of the file that holds the key');
}

const NAMED: ReadonlyMap<string, number> = new Map([
  ['hourly', HOUR],
  ['daily', DAY],
]);

/** @returns milliseconds */
function everyOf(words: string): number {
  // Other text gets the same error, because most durations of the usual examples would be refused next.
  const every = NAMED.get(words) ?? (/^\d+[mhd]$/.test(words) ? parseDuration(words, '--every') : 0);
  if (isPartOfDay(every)) return every;
  throw new VaultError(
    'usage',
    '--every takes a part of an hour or of a day (5m, 15m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h), or daily',
  );
}

/** Prints a job: its text goes to stdout as data, everything else to stderr. */
export function printSchedule(result: ScheduleResult, asked: { readonly install: boolean }, io: Io): void {
  // With --install, a job that is not active is a failure, except that launchd jobs are always only printed.
  if (asked.install && !result.installed && result.kind !== 'launchd') io.exitCode = 2;
  if (io.json) {
    io.document(scheduleDocument(result));
    return;
  }
  if (result.block !== null) io.data(result.block);
  for (const { path, text } of result.files) {
    if (result.files.length > 1) io.data(`# ${path}\n`);
    io.data(text);
  }
  for (const warning of result.warnings) io.warn(`warning: ${warning}`, 'yellow');
  for (const note of result.notes) io.say(`note: ${note}`);
  if (result.installed) {
    io.say(
      `${result.name} ${result.changed ? 'is installed' : 'was installed already'} (${result.kind})`,
      'green',
    );
    io.say(`undo: ${result.undo.join(' && ')}`);
  } else if (asked.install) {
    const why = result.shown ? SHOWN[result.kind] : 'systemctl --user does not work here';
    io.warn(`vault: ${why}, so nothing runs yet; to activate the job, type in a login session:`, 'red');
    for (const command of result.commands) io.warn(`  ${command}`);
  } else {
    io.say(`nothing was changed; to install ${result.name}: ${result.commands.join(' && ')}`);
  }
}

const SHOWN = {
  launchd: 'launchd jobs are only printed',
  cron: 'without a systemd user session the crontab line is only printed',
  systemd: 'the unit is only printed',
} satisfies Record<ScheduleResult['kind'], string>;

export function printUnschedule(result: UnscheduleResult, io: Io): void {
  if (io.json) {
    const { name, removed, commands } = result;
    io.document({ name, removed, commands });
    return;
  }
  if (result.removed.length > 0) io.say(`${result.name} is removed (${result.removed.join(', ')})`);
  else if (result.commands.length === 0) io.say(`${result.name} was not installed`);
  if (result.commands.length > 0) io.warn(`to remove ${result.name}, type: ${result.commands.join(' && ')}`);
}

function scheduleDocument(result: ScheduleResult) {
  const { kind, name, installed, changed, block, files, commands, undo } = result;
  const line = block?.split('\n')[1] ?? null;
  const { warnings, notes } = result;
  return { kind, name, installed, changed, line, files, commands, undo, warnings, notes };
}
