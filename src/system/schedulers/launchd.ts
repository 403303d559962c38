import { join } from 'node:path';
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

/** Agents of macOS. They are only printed; the user installs them with launchctl(1). */
export function launchd({ uid, home }: Machine): Scheduler {
  const pathOf = ({ name }: JobName) => join(home, 'Library', 'LaunchAgents', `${name}.plist`);
  const domain = `gui/${uid ?? 0}`;

  return {
    kind: 'launchd',
    // launchd exists on every Mac.
    available: async () => true,
    plan: (job) => ({
      block: null,
      files: [{ path: pathOf(job), text: plistOf(job) }],
      commands: [`launchctl bootstrap ${domain} ${shellWord(pathOf(job))}`],
    }),
    undo: (job) => [`launchctl bootout ${domain}/${job.name}`, `rm ${shellWord(pathOf(job))}`],
    install: async () => ({ changed: false, active: false, notes: [] }),
    uninstall: async () => false,
  };
}

/** @throws VaultError `config_invalid` */
export function plistOf(job: Job): string {
  assertNoControls(job);
  const entries = [
    entry('Label', string(job.name)),
    entry('ProgramArguments', array(job.command.map(string))),
    entry(
      'EnvironmentVariables',
      dict(Object.entries(job.env).map(([name, value]) => entry(name, string(value)))),
    ),
    ...(job.times === null ? KEPT_RUNNING : [calendar(job.times)]),
    entry('ProcessType', string('Background')),
    // 0077 in decimal: a property list has no octal numbers.
    entry('Umask', integer(63)),
    entry('StandardErrorPath', string(job.log)),
  ];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${jobMarker(job).replaceAll('--', '- -')} -->`,
    `<plist version="1.0">${dict(entries)}</plist>`,
    '',
  ].join('\n');
}

/** Started at once and at each login, and again after a failure and a pause. */
const KEPT_RUNNING = [
  entry('RunAtLoad', '<true/>'),
  entry('KeepAlive', dict([entry('SuccessfulExit', '<false/>')])),
  entry('ThrottleInterval', integer(30)),
];

/** A run missed during sleep is made up for. */
function calendar({ hours, minutes }: Times): string {
  const perHour = hours === 'every' ? [null] : hours;
  const perMinute = minutes === 'every' ? [null] : minutes;
  const at = (name: string, number: number | null) => (number === null ? [] : [entry(name, integer(number))]);
  const times = perHour.flatMap((hour) =>
    perMinute.map((minute) => dict([...at('Hour', hour), ...at('Minute', minute)])),
  );
  return entry('StartCalendarInterval', array(times));
}

function entry(name: string, value: string): string {
  return `<key>${escaped(name)}</key>${value}`;
}

function dict(entries: readonly string[]): string {
  return block('dict', entries);
}

function array(values: readonly string[]): string {
  return block('array', values);
}

function block(tag: string, parts: readonly string[]): string {
  const inside = parts.map((part) =>
    part
      .replace(/^(?=.)/gm, '  ')
      .trimEnd()
      .replace(/^\n/, ''),
  );
  return parts.length === 0 ? `<${tag}/>` : `\n${[`<${tag}>`, ...inside, `</${tag}>`].join('\n')}\n`;
}

function string(value: string): string {
  return `<string>${escaped(value)}</string>`;
}

function integer(value: number): string {
  return `<integer>${value}</integer>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
