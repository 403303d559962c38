import type { ScheduleResult, UnscheduleResult } from '../services/background/schedule.js';
import type { Io } from '../ui/io.js';

/** Prints a job: its text goes to stdout as data, everything else to stderr. */
export function printSchedule(result: ScheduleResult, asked: { readonly install: boolean }, io: Io): void {
  // With --install, a job that is not active is a failure, unless that kind is documented to be only printed.
  if (asked.install && !result.installed && !result.shown) io.exitCode = 2;
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
    io.warn(`vault: ${why}, so nothing runs yet; to activate it, type in a login session:`, 'red');
    for (const command of result.commands) io.warn(`  ${command}`);
  } else {
    io.say(`nothing was changed; to install it: ${result.commands.join(' && ')}`);
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
  if (result.commands.length > 0) io.warn(`to remove it, type: ${result.commands.join(' && ')}`);
}

function scheduleDocument(result: ScheduleResult) {
  const { kind, name, installed, changed, block, files, commands, undo } = result;
  const line = block?.split('\n')[1] ?? null;
  const { warnings, notes } = result;
  return { kind, name, installed, changed, line, files, commands, undo, warnings, notes };
}
