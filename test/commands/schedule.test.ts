import { describe, expect, it } from 'vitest';
import { agent } from '../../src/commands/agent.js';
import { printSchedule, printUnschedule, type ScheduleInput, schedule } from '../../src/commands/schedule.js';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.js';
import type { ScheduleResult } from '../../src/services/schedule/schedule.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const CRON: ScheduleResult = {
  kind: 'cron',
  name: 'token-vault-refresh',
  installed: false,
  shown: true,
  changed: false,
  block: '# >>> mark >>>\n17 3 * * * vault refresh\n# <<< mark <<<\n',
  files: [],
  commands: ['vault schedule --install --kind cron'],
  undo: ['vault schedule --uninstall --kind cron'],
  warnings: ['GOOGLE_CLIENT_ID is missed'],
  notes: ['the key is in the keychain'],
};
const SYSTEMD: ScheduleResult = {
  ...CRON,
  kind: 'systemd',
  shown: false,
  block: null,
  files: [
    { path: '/units/a.service', text: '[Service]\n' },
    { path: '/units/a.timer', text: '[Timer]\n' },
  ],
  commands: ['systemctl --user daemon-reload', 'systemctl --user enable --now a.timer'],
  warnings: [],
  notes: [],
};

async function run(line: string, result: Partial<ScheduleResult>, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  const { request } = (await inputOf(schedule, line)) as Extract<ScheduleInput, { action: 'schedule' }>;
  printSchedule({ ...CRON, ...result }, request, io);
  return { ...written, exitCode: io.exitCode };
}

describe('vault schedule', () => {
  it.each([
    ['', 12 * HOUR, '3'],
    ['--days 7 --every daily', DAY, '7'],
    ['--days 12h --every hourly', HOUR, '12h'],
    ['--every 15m', 15 * MINUTE, '3'],
  ])('understands "%s"', async (line, every, days) => {
    expect(await inputOf(schedule, line)).toMatchObject({
      action: 'schedule',
      request: { every, args: ['refresh', '--all', '--days', days, '--quiet'], install: false, kind: null },
    });
  });

  it('repeats all options in the commands of its hints', async () => {
    const input = await inputOf(schedule, '--days 7 --every 6h --kind systemd --credential-file /srv/key');
    const show = 'schedule --days 7 --every 6h --credential-file /srv/key';
    expect(input).toMatchObject({
      request: {
        kind: 'systemd',
        credential: '/srv/key',
        typed: { show, install: `${show} --install`, uninstall: 'schedule --uninstall' },
      },
    });
  });

  it('removes the named kind of job', async () => {
    const request = { purpose: 'refresh', kind: 'cron' };
    expect(await inputOf(schedule, '--uninstall --kind cron')).toEqual({ action: 'unschedule', request });
  });

  it.each([
    ['--every 7m', '--every takes a part of an hour or of a day'],
    ['--every 2d', '--every takes a part of an hour or of a day'],
    ['--every soon', '--every takes a part of an hour or of a day'],
    ['--every 90s', '--every takes a part of an hour or of a day'],
    ['--every constructor', '--every takes a part of an hour or of a day'],
    ['--days soon', '--days takes a number of days'],
    ['--kind at', '--kind takes one of: systemd, cron, launchd'],
    ['--install --uninstall', 'contradict each other'],
    ['--credential-file key', '--credential-file takes the absolute path'],
  ])('refuses "%s"', async (line, message) => {
    const refusal = { code: 'usage', message: expect.stringContaining(message) };
    await expect(inputOf(schedule, line)).rejects.toMatchObject(refusal);
  });

  it('prints the lines on stdout and everything else on stderr', async () => {
    expect(await run('', {})).toEqual({
      stdout: CRON.block,
      stderr:
        'warning: GOOGLE_CLIENT_ID is missed\nnote: the key is in the keychain\nnothing was changed; to install token-vault-refresh: vault schedule --install --kind cron\n',
      exitCode: 0,
    });
  });

  it('prints the path above each of several files', async () => {
    const { stdout } = await run('', SYSTEMD);
    expect(stdout).toBe('# /units/a.service\n[Service]\n# /units/a.timer\n[Timer]\n');
  });

  it('prints that the job is installed, and how to remove it', async () => {
    const { stderr, exitCode } = await run('--install', {
      installed: true,
      changed: true,
      warnings: [],
      notes: [],
    });
    expect(stderr).toBe(
      'token-vault-refresh is installed (cron)\nundo: vault schedule --uninstall --kind cron\n',
    );
    expect(exitCode).toBe(0);
  });

  it('fails where the line for the crontab is only printed, though it was to be installed', async () => {
    const { stderr, exitCode } = await run('--install', { shown: true });
    expect(stderr).toContain('the crontab line is only printed, so nothing runs yet');
    expect(exitCode).toBe(2);
  });

  it('fails with the remaining commands when --install could not activate the job', async () => {
    const { stderr, exitCode } = await run('--install', SYSTEMD, { quiet: true });
    expect(stderr).toContain('  systemctl --user daemon-reload\n  systemctl --user enable --now a.timer\n');
    expect(exitCode).toBe(2);
  });

  it('prints everything in one document, whose members are an API', async () => {
    const { stdout, stderr } = await run('', {}, { json: true });
    expect(JSON.parse(stdout)).toEqual({
      kind: 'cron',
      name: 'token-vault-refresh',
      installed: false,
      changed: false,
      line: '17 3 * * * vault refresh',
      files: [],
      commands: CRON.commands,
      undo: CRON.undo,
      warnings: CRON.warnings,
      notes: CRON.notes,
    });
    expect(stderr).toBe('');
  });

  it.each([
    [{ removed: ['cron'], commands: [] }, 'token-vault-refresh is removed (cron)\n'],
    [{ removed: [], commands: [] }, 'token-vault-refresh was not installed\n'],
    [{ removed: [], commands: ['rm x'] }, 'to remove token-vault-refresh, type: rm x\n'],
  ] as const)('prints what was removed: %j', async (result, words) => {
    const { io, written } = terminal();
    printUnschedule({ name: 'token-vault-refresh', ...result }, io);
    expect(written).toEqual({ stdout: '', stderr: words });
  });
});

describe('vault agent install', () => {
  it('installs the agent with the given options', async () => {
    const { service } = await inputOf(agent, 'install --every 1m --ahead 20m --kind systemd');
    expect(service).toMatchObject({
      action: 'schedule',
      request: {
        purpose: 'agent',
        install: true,
        every: null,
        args: ['agent', '--quiet', '--every', '1m', '--ahead', '20m'],
        typed: { install: 'agent install --every 1m --ahead 20m', uninstall: 'agent uninstall' },
      },
    });
  });

  it('is removed by uninstall', async () => {
    const { service } = await inputOf(agent, 'uninstall');
    expect(service).toEqual({ action: 'unschedule', request: { purpose: 'agent', kind: null } });
  });
});
