import { describe, expect, it } from 'vitest';
import type { ReadOnlyAccess } from '../../../src/access/doctor-access.js';
import { type Finding, fine, problem, skipped } from '../../../src/domain/finding.js';
import { checksUnderCron, type DoctorContext, requireCron } from '../../../src/services/doctor/as-cron.js';
import { told } from '../../health/health-test.js';

const DATABASE = { name: 'database', title: 'database', group: 'vault' } as const;
const WELL = fine('the database is intact');

interface Run {
  readonly line: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The findings of the check `cron` when the child finds `there` and this process finds the database intact. */
async function under(
  there: Finding | string,
  { env = {}, installed = false }: { env?: Record<string, string>; installed?: boolean } = {},
  check = 'database',
) {
  const runs: Run[] = [];
  const stdout = typeof there === 'string' ? there : JSON.stringify({ checks: [{ check, ...there }] });
  const host = {
    env: { HOME: '/home/alice', LOGNAME: 'alice', PATH: '/opt/bin', EDITOR: 'vi', ...env },
    self: ['/usr/bin/node', '/opt/vault.js'],
    interruption: new AbortController().signal,
  };
  const access = {
    envFile: '/config/.env',
    keySourceInUse: () => ({ kind: 'file', path: null }),
    settings: async () => ({ envFile: {}, catalogue: { names: ['google'] }, config: { providers: {} } }),
    jobMarker: () => 'the marker',
    fs: { names: () => [] },
    async run(program: string, args: readonly string[], options?: { env: Record<string, string> }) {
      if (program === 'crontab') return { exitCode: 0, stdout: installed ? '# the marker' : '' };
      runs.push({ line: args.join(' '), env: options?.env ?? {} });
      return { exitCode: 0, stdout };
    },
  } as unknown as ReadOnlyAccess;
  const ctx = { host, profile: 'work', envFile: null, paths: { envFile: '/config/.env' } };
  const here = [{ check: DATABASE, findings: [WELL] }];
  const results = await checksUnderCron(
    ctx as unknown as DoctorContext,
    access,
    true,
    here,
    async () => null,
  );
  const cron = results.at(-1)?.findings ?? [];
  return { runs, shown: told(results[0]?.findings), cron, said: told(cron) };
}

describe('vault doctor --as-cron', () => {
  it('runs the same checks with the environment of cron', async () => {
    const { runs, said } = await under(WELL);
    expect(said).toEqual(['ok: the checks find no other problem under cron than here']);
    const names = { HOME: '/home/alice', LOGNAME: 'alice', USER: 'alice' };
    const env = { ...names, PATH: '/usr/bin:/bin', SHELL: '/bin/sh' };
    expect(runs).toEqual([{ line: '/opt/vault.js doctor --json --offline --profile work', env }]);
  });

  it('reports what is worse there, and the variables that only this shell has', async () => {
    const env = { VAULT_HOME: '/srv/vault' };
    const { said, shown, cron } = await under(skipped('there is no vault yet', 'vault init'), { env });
    expect(shown).toEqual(['skipped: there is no vault yet']);
    expect(said).toEqual([
      'problem: unlike here, under cron there is no vault yet; set in this shell and not under cron: VAULT_HOME',
    ]);
    expect(cron[0]).toMatchObject({ code: 'config_invalid', remedy: 'vault schedule --install' });
  });

  it('ignores what cannot be checked there', async () => {
    const { cron } = await under(skipped('not in use: it is locked'), {}, 'key_source');
    expect(told(cron)).toEqual(['ok: the checks find no other problem under cron than here']);
  });

  it('gives the child the environment of an installed job', async () => {
    const { runs } = await under(WELL, { env: { VAULT_HOME: '/srv/vault' }, installed: true });
    expect(runs[0]?.env).toMatchObject({ VAULT_HOME: '/srv/vault', PATH: '/opt/bin' });
  });

  it('keeps code and remedy of a problem that no variable explains', async () => {
    const locked = problem('key_locked', 'the keychain is locked', 'unlock it');
    expect((await under(locked)).cron).toMatchObject([
      { ...locked, message: 'unlike here, under cron the keychain is locked' },
    ]);
  });

  it('names a client setting that belongs into .env', async () => {
    const env = { GOOGLE_CLIENT_ID: 'id-example', AZURE_CLIENT_ID: 'another-example' };
    const { cron } = await under(WELL, { env });
    expect(cron.slice(1)).toMatchObject([
      {
        message: 'GOOGLE_CLIENT_ID is set in this shell and not under cron',
        remedy: 'write GOOGLE_CLIENT_ID into /config/.env',
      },
    ]);
  });

  it.each([
    ['not a document', 'unexpected', 'no answer'],
    ['{"error":{"code":"busy","message":"it is busy","hint":null}}', 'busy', 'it is busy'],
  ])('reports that the checks failed there: %s', async (stdout, code, why) => {
    expect((await under(stdout)).cron).toMatchObject([
      { status: 'problem', code, message: `the checks failed under cron: ${why}`, remedy: 'vault doctor' },
    ]);
  });

  it('is refused on a system without cron', () => {
    const on = (platform: string) => () =>
      requireCron({ host: { platform, self: ['/node', '/vault.js'] } } as unknown as DoctorContext);
    expect(on('linux')).not.toThrow();
    expect(on('win32')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
