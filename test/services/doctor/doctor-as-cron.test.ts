import { describe, expect, it } from 'vitest';
import { bareEnvironment, lostVariables } from '../../../src/services/doctor/bare-environment.js';
import { type AsCronDeps, doctorAsCron } from '../../../src/services/doctor/doctor-as-cron.js';
import { told } from '../../health/stage.js';

const HOME = '/home/alice';
const BARE = bareEnvironment(HOME, 'alice');
const CHECKS = [{ name: 'database', title: 'database', group: 'vault' as const }];

/** A machine on which the vault is found when the variables are there. */
async function rehearse(given: Partial<AsCronDeps> & { readonly needs?: string } = {}) {
  const { needs = null, ...over } = given;
  const runs: string[] = [];
  const results = await doctorAsCron(
    {
      checks: CHECKS,
      carried: {},
      lost: [],
      notes: [],
      jobIsSetUp: false,
      install: 'vault schedule --install',
      intoEnvFile: (name) => `write ${name}`,
      async run(args, more) {
        runs.push(args.join(' '));
        const found = needs === null || needs in more;
        const finding = found
          ? { check: 'database', status: 'ok', message: 'sound' }
          : { check: 'database', status: 'skipped', message: 'no vault', remedy: 'vault init' };
        const accounts = found ? [{ account: 'google/a', outcome: 'skipped', reason: '' }] : [];
        return {
          exitCode: 0,
          stdout: JSON.stringify(args[0] === 'doctor' ? { checks: [finding] } : { results: accounts }),
        };
      },
      ...over,
    },
    { options: ['--profile', 'work'], offline: true },
  );
  const cron = results.at(-1)?.findings ?? [];
  return { runs, shown: results[0]?.findings.map(({ message }) => message), cron, said: told(cron) };
}

const WITH_HOME = {
  needs: 'VAULT_HOME',
  carried: { VAULT_HOME: '/srv/vault', PATH: '/usr/bin' },
  lost: [{ name: 'VAULT_HOME', goesTo: 'crontab' }],
} as const;

describe('vault doctor --as-cron', () => {
  it('runs the checks and a dry run of what cron will be given, with the options of this run', async () => {
    const { runs, said } = await rehearse();
    expect(runs).toEqual([
      'doctor --json --offline --profile work',
      'refresh --all --days 3 --dry-run --json --profile work',
    ]);
    expect(said).toEqual(['ok: cron will be able to refresh 1 account']);
  });

  it('tries once more with what a scheduled job would have, and then shows the checks of that run', async () => {
    const { said, shown, cron } = await rehearse(WITH_HOME);
    expect(said).toEqual([
      'problem: cron finds no vault; VAULT_HOME is set in this shell and not under cron',
      'ok: with VAULT_HOME on the crontab line cron will be able to refresh 1 account',
    ]);
    expect(shown).toEqual(['sound']);
    expect(cron[0]).toMatchObject({ code: 'config_invalid', remedy: 'vault schedule --install' });
  });

  it('is content once such a job is set up', async () => {
    const { said } = await rehearse({ ...WITH_HOME, jobIsSetUp: true, notes: ['HOME is another'] });
    expect(said).toEqual([
      'ok: with VAULT_HOME, as the job that is set up has it, cron will be able to refresh 1 account',
    ]);
  });

  it('tells what else is wrong where that is not all', async () => {
    const run: AsCronDeps['run'] = async (args, more) => {
      const wrong = {
        check: 'database',
        status: 'problem',
        message: 'damaged',
        remedy: 'restore',
        code: 'vault_damaged',
      };
      const none = { check: 'database', status: 'skipped', message: 'no vault', remedy: 'vault init' };
      const checks = ['VAULT_HOME' in more ? wrong : none];
      return { exitCode: 0, stdout: JSON.stringify(args[0] === 'doctor' ? { checks } : { results: [] }) };
    };
    const { said, shown } = await rehearse({ ...WITH_HOME, run });
    expect(said).toEqual([
      'problem: cron finds no vault; VAULT_HOME is set in this shell and not under cron',
      'problem: with VAULT_HOME on the crontab line cron cannot open the vault: damaged',
    ]);
    expect(shown).toEqual(['damaged']);
  });

  it('does not promise what does not help', async () => {
    const { said } = await rehearse({ ...WITH_HOME, needs: 'SOMETHING_ELSE' });
    expect(said).toEqual([
      'skipped: cron finds no vault',
      'warning: VAULT_HOME is set in this shell and not under cron; it belongs on the crontab line',
    ]);
  });

  it('names each variable that is missing there, and where it belongs', async () => {
    const { cron } = await rehearse({
      lost: [
        { name: 'HTTPS_PROXY', goesTo: 'crontab' },
        { name: 'GOOGLE_CLIENT_ID', goesTo: 'env_file' },
      ],
      notes: ['HOME is another'],
    });
    expect(cron.slice(1).map(({ message, remedy }) => `${message.split(' ')[0]}: ${remedy}`)).toEqual([
      'HTTPS_PROXY: vault schedule --install',
      'GOOGLE_CLIENT_ID: write GOOGLE_CLIENT_ID',
      'HOME: vault schedule --install',
    ]);
  });
});

describe('the bare environment', () => {
  it('holds what cron gives a job, and no more', () => {
    expect(BARE).toEqual({ HOME, LOGNAME: 'alice', USER: 'alice', PATH: '/usr/bin:/bin', SHELL: '/bin/sh' });
    expect(bareEnvironment(HOME, null)).toEqual({ HOME, PATH: '/usr/bin:/bin', SHELL: '/bin/sh' });
  });

  it('lacks what a job would be given, and what sets providers up unless .env has it', () => {
    const env = {
      HOME,
      PATH: '/opt/bin',
      VAULT_HOME: '/srv/vault',
      GOOGLE_CLIENT_ID: 'a',
      GOOGLE_CLIENT_SECRET: 'b',
      MICROSOFT_CLIENT_ID: '',
      AZURE_CLIENT_ID: 'c',
      GOOGLE_APPLICATION_CREDENTIALS: 'f',
      MY_IDP_CLIENT_SECRET: 'd',
      OAUTH_REDIRECT_URI: 'e',
    };
    const carried = { HOME, PATH: '/opt/bin', VAULT_HOME: '/srv/vault' };
    const providers = ['google', 'microsoft', 'my-idp'];
    const lost = lostVariables(env, carried, BARE, providers, ['GOOGLE_CLIENT_ID']);
    expect(lost.map(({ name, goesTo }) => `${goesTo} ${name}`)).toEqual([
      'crontab VAULT_HOME',
      'env_file GOOGLE_CLIENT_SECRET',
      'env_file MY_IDP_CLIENT_SECRET',
      'env_file OAUTH_REDIRECT_URI',
    ]);
  });
});
