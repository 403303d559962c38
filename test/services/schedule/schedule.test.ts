import { describe, expect, it } from 'vitest';
import type { JobHost } from '../../../src/access/job-host.js';
import type { AuditEvent } from '../../../src/domain/audit-events.js';
import type { KeySourceSetting } from '../../../src/keysources/contract.js';
import type { ScheduleRequest } from '../../../src/services/schedule/schedule.js';
import { schedule, unschedule } from '../../../src/services/schedule/schedule.js';
import { resolvePaths } from '../../../src/system/paths.js';
import type { Job, JobName, Scheduler, SchedulerKind } from '../../../src/system/schedulers/contract.js';

const HOME = '/home/alice';
const DATA = '/home/alice/.local/share/token-vault';

/** Schedulers that take down what they are asked for. */
function stage(
  given: Partial<JobHost> & {
    has?: SchedulerKind[];
    active?: boolean;
    changed?: boolean;
    env?: Record<string, string>;
  } = {},
) {
  const { has = ['systemd', 'cron'], active = true, changed = true, env = {}, ...over } = given;
  const events: AuditEvent[] = [];
  const installed: Job[] = [];
  const asked: [SchedulerKind, JobName][] = [];
  const scheduler = (kind: SchedulerKind): Scheduler => ({
    kind,
    available: async () => has.includes(kind),
    plan: (job) => ({
      block: kind === 'cron' ? `* ${job.command.join(' ')}\n` : null,
      files: kind === 'cron' ? [] : [{ path: `/jobs/${job.name}`, text: job.name }],
      commands: [`start ${job.name}`],
    }),
    undo: ({ name }) => (kind === 'launchd' ? [`remove ${name}`] : []),
    async install(job) {
      installed.push(job);
      return { changed, active, notes: ['a note'] };
    },
    async uninstall(job) {
      asked.push([kind, job]);
      return has.includes(kind);
    },
  });
  const deps: JobHost = {
    env: { HOME, ...env },
    platform: 'linux',
    paths: resolvePaths({ env: { HOME, ...env }, platform: 'linux' }, null),
    usualPlace: DATA,
    self: ['/usr/bin/node', '/opt/vault.js'],
    envFile: null,
    schedulers: { systemd: scheduler('systemd'), cron: scheduler('cron'), launchd: scheduler('launchd') },
    keySource: { kind: 'file', path: null },
    credentialName: 'key',
    envFileNames: [],
    notifies: false,
    machine: 'example 1000',
    audit: { record: (event) => void events.push(event) },
    ...over,
  };
  return { deps, installed, asked, events };
}

const REQUEST: ScheduleRequest = {
  purpose: 'refresh',
  install: false,
  kind: null,
  every: 12 * 3_600_000,
  args: ['refresh', '--all'],
  credential: null,
  typed: { show: 'schedule', install: 'schedule --install', uninstall: 'schedule --uninstall' },
};

describe('a schedule', () => {
  it.each([
    [['systemd', 'cron'], 'linux', 'systemd'],
    [['cron'], 'linux', 'cron'],
    [['cron'], 'darwin', 'launchd'],
  ] as const)('is for what the machine has: %j on %s', async (has, platform, kind) => {
    expect(await schedule(stage({ has: [...has], platform }).deps, REQUEST)).toMatchObject({ kind });
  });

  it.each(['linux', 'win32'] as const)('says what to do if %s has no scheduler', async (platform) => {
    await expect(schedule(stage({ has: [], platform }).deps, REQUEST)).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringMatching(/vault (agent|refresh --all)/),
    });
  });

  it('is printed without being written, with the command that writes it', async () => {
    const { deps, installed, events } = stage({ has: ['cron'] });
    expect(await schedule(deps, REQUEST)).toMatchObject({
      installed: false,
      changed: false,
      block: '* /usr/bin/node /opt/vault.js refresh --all\n',
      commands: ['vault schedule --install --kind cron'],
      undo: ['vault schedule --uninstall --kind cron'],
    });
    expect([...installed, ...events]).toEqual([]);
  });

  it('is written identically each time, and recorded', async () => {
    const { deps, installed, events } = stage();
    const result = await schedule(deps, { ...REQUEST, install: true });
    expect(result).toMatchObject({ installed: true, changed: true, commands: [], notes: ['a note'] });
    expect(events).toEqual([{ event: 'configuration_changed', what: 'schedule' }]);
    await schedule(deps, { ...REQUEST, install: true });
    expect(installed[1]).toEqual(installed[0]);
    const same = stage({ changed: false });
    await schedule(same.deps, { ...REQUEST, install: true });
    expect(same.events).toEqual([]);
    expect(installed[0]).toMatchObject({ name: 'token-vault-refresh', vault: DATA, confined: true });
    expect(installed[0]?.times?.hours).toHaveLength(2);
  });

  it('of the agent is put into a crontab only if a crontab was requested', async () => {
    const { deps, installed } = stage({ has: ['cron'] });
    const typed = { show: 'agent install', install: 'agent install', uninstall: 'agent uninstall' };
    const request = { ...REQUEST, purpose: 'agent', install: true, every: null, typed } as const;
    expect(await schedule(deps, request)).toMatchObject({
      installed: false,
      shown: true,
      commands: ['vault agent install --kind cron'],
    });
    expect(installed).toEqual([]);
    expect(await schedule(deps, { ...request, kind: 'cron' })).toMatchObject({
      installed: true,
      shown: false,
    });
    expect(installed).toHaveLength(1);
  });

  it('says what to type if the scheduler does not answer', async () => {
    const { deps } = stage({ active: false });
    const result = await schedule(deps, { ...REQUEST, install: true });
    expect(result).toMatchObject({ installed: false, commands: ['start token-vault-refresh'] });
  });

  it('is printed with its place on a Mac, and removed by hand', async () => {
    const { deps } = stage({ active: false });
    const result = await schedule(deps, { ...REQUEST, kind: 'launchd' });
    expect(result.commands).toEqual([
      'vault schedule --kind launchd --quiet > /jobs/token-vault-refresh',
      'start token-vault-refresh',
    ]);
    expect(result.undo).toEqual(['remove token-vault-refresh']);
  });

  it('is distinguished from that of another profile or folder', async () => {
    const env = { VAULT_HOME: '/srv/vault' };
    const paths = resolvePaths({ env: { HOME, ...env }, platform: 'linux' }, 'work');
    const { deps, installed } = stage({ env, paths, envFile: '/srv/.env' });
    const result = await schedule(deps, { ...REQUEST, install: true });
    expect(result.name).toMatch(/^token-vault-refresh-work-[0-9a-f]{8}$/);
    expect(result.undo).toEqual(['vault --profile work schedule --uninstall --kind systemd']);
    expect(installed[0]).toMatchObject({
      vault: '/srv/vault/profiles/work',
      command: '/usr/bin/node /opt/vault.js --profile work --settings /srv/.env refresh --all'.split(' '),
      env: { HOME, VAULT_HOME: '/srv/vault' },
    });
  });

  it.each([
    [{ notifies: true }],
    [{ keySource: { kind: 'command', command: ['pass'], timeout: null } }],
  ] as const)('lets programs of the user have the rights they are installed with: %j', async (given) => {
    const { deps, installed } = stage(given);
    await schedule(deps, { ...REQUEST, install: true });
    expect(installed[0]?.confined).toBe(false);
  });
});

describe('the key of an unattended run', () => {
  const refusal = (keySource: KeySourceSetting, kind: SchedulerKind, credential: string | null = null) =>
    expect(schedule(stage({ keySource }).deps, { ...REQUEST, install: true, kind, credential })).rejects;

  it('cannot be a passphrase that must be typed', async () => {
    await refusal({ kind: 'passphrase', file: null }, 'cron').toMatchObject({
      code: 'config_invalid',
      hint: expect.stringContaining('vault key add file'),
    });
    const configured = stage({ keySource: { kind: 'passphrase', file: '/home/alice/words' } });
    expect(await schedule(configured.deps, REQUEST)).toMatchObject({ kind: 'systemd' });
    const keySource = { kind: 'passphrase', file: null } as const;
    const { deps, installed } = stage({
      keySource,
      has: ['cron'],
      env: { VAULT_PASSPHRASE_FILE: '/srv/words' },
    });
    await schedule(deps, { ...REQUEST, install: true });
    expect(installed[0]?.env).toMatchObject({ VAULT_PASSPHRASE_FILE: '/srv/words' });
  });

  it.each([
    ['cron', null],
    ['cron', '/srv/key'],
    ['systemd', null],
  ] as const)('as a credential needs systemd and its file, which %s with %s is not', async (kind, path) => {
    const hint = `vault schedule --kind systemd --credential-file ${path ?? '/home/alice/.config/token-vault/own'}`;
    await refusal({ kind: 'credential', name: 'own' }, kind, path).toMatchObject({
      code: 'config_invalid',
      hint,
    });
  });

  it('as a credential is passed by the unit', async () => {
    const { deps, installed } = stage({ keySource: { kind: 'credential', name: null } });
    await schedule(deps, { ...REQUEST, install: true, credential: '/srv/key' });
    expect(installed[0]?.credential).toEqual({ name: 'key', path: '/srv/key' });
  });

  it('is reported as locked while its owner is logged out, if so', async () => {
    const { notes } = await schedule(stage({ keySource: { kind: 'keychain' } }).deps, REQUEST);
    expect(notes).toEqual([expect.stringContaining('vault doctor --as-cron')]);
  });
});

describe('removing a schedule', () => {
  it('looks in all schedulers', async () => {
    const { deps, asked, events } = stage({ has: ['cron'] });
    expect(await unschedule(deps, { purpose: 'refresh', kind: null })).toEqual({
      name: 'token-vault-refresh',
      removed: ['cron'],
      commands: [],
    });
    expect(asked.map(([kind]) => kind)).toEqual(['systemd', 'cron']);
    expect(events).toEqual([{ event: 'configuration_changed', what: 'schedule' }]);
  });

  it('looks in the given scheduler', async () => {
    const { deps, asked, events } = stage();
    await unschedule(deps, { purpose: 'agent', kind: 'cron' });
    expect(asked).toEqual([['cron', { purpose: 'agent', name: 'token-vault-agent', vault: DATA }]]);
    expect(events).toEqual([{ event: 'configuration_changed', what: 'agent_service' }]);
  });

  it('is left to the user on a Mac', async () => {
    const { deps, events } = stage({ has: [], platform: 'darwin' });
    const result = await unschedule(deps, { purpose: 'refresh', kind: null });
    expect(result).toMatchObject({ removed: [], commands: ['remove token-vault-refresh'] });
    expect(events).toEqual([]);
  });
});
