import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runVault } from '../harness/cli.js';
import { missing, needs } from '../harness/parts.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

let home: TempHome;
const path = (name: string) => join(home.root, name);
const write = (name: string, text: string) => {
  writeFileSync(path(name), text, { mode: 0o600 });
  return path(name);
};

beforeAll(() => {
  if (missing('the built command line').length === 0) home = makeTempHome();
});
afterAll(() => home?.remove());
beforeEach((context) => needs(context, 'the built command line'));

describe('a file named with --settings', () => {
  it('that leads to another vault is refused even by a command that does not need it', async () => {
    const file = write('elsewhere.env', `VAULT_HOME=${path('elsewhere')}\nVAULT_PROFILE=work\n`);
    for (const args of [
      ['list', '--settings', file],
      [`--settings=${file}`, 'init', '--key-source', 'file'],
    ]) {
      const run = await runVault(args, home);
      expect(run).toMatchObject({ exitCode: 2, stdout: '' });
      expect(run.stderr).toMatch(/^vault: \S+elsewhere\.env sets VAULT_HOME, VAULT_PROFILE, which /);
    }
    expect(existsSync(path('elsewhere'))).toBe(false);
  });

  it('loads no code, and is refused', async () => {
    const spy = write('spy.cjs', `require('fs').writeFileSync(${JSON.stringify(path('seen'))}, '');`);
    const file = write('spy.env', `NODE_OPTIONS=--require=${spy}\n`);
    const run = await runVault(['list', '--settings', file], home);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(/^vault: \S+spy\.env sets NODE_OPTIONS, /);
    expect(existsSync(path('seen'))).toBe(false);
  });

  it('is checked before it is used: a link is refused', async () => {
    symlinkSync(write('real.env', 'A=1\n'), path('link.env'));
    const run = await runVault(['list', '--settings', path('link.env')], home);
    expect(run).toMatchObject({ exitCode: 9, stdout: '' });
    expect(run.stderr).toContain('is not a regular file');
  });

  it('that does not exist is reported by vault itself, also with --as-cron', async () => {
    const args = ['--settings', path('nowhere.env'), '--json'];
    const providers = await runVault(['providers', ...args], home);
    expect(providers.exitCode).toBe(2);
    expect(JSON.parse(providers.stdout).error.message).toMatch(/--settings does not exist/);
    const rehearsal = await runVault(['doctor', '--as-cron', '--offline', ...args], home);
    expect(JSON.parse(rehearsal.stdout).checks).toContainEqual(
      expect.objectContaining({
        check: 'configuration',
        message: expect.stringMatching(/--settings does not exist/),
      }),
    );
  });
});

describe('--env-file', () => {
  it('is read by Node and refused here, with the name of our option', async () => {
    const run = await runVault(['list', '--env-file', write('fine.env', 'A=1\n')], home);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toBe("vault: unknown option '--env-file'\nhint: name the file with --settings\n");
  });
});

describe('the usual .env', () => {
  it('that sets variables of the environment is refused, not ignored', async () => {
    writeFileSync(join(home.vault, '.env'), 'HTTPS_PROXY=http://proxy.example\n', { mode: 0o600 });
    const run = await runVault(['providers'], home);
    expect(run).toMatchObject({ exitCode: 2, stdout: '' });
    expect(run.stderr).toMatch(/^vault: \S+\.env sets HTTPS_PROXY, which .*\nhint: remove HTTPS_PROXY from/);
    expect(run.stderr).not.toContain('proxy.example');
  });
});
