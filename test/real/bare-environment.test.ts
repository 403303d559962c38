import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliRun, runVault, VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { missing, needs } from '../harness/parts.js';
import { type SecretService, startSecretService } from '../harness/secret-service.js';

const REFRESH = ['refresh', '--all', '--days', '3'];
/** Where everything is that is found without a variable. */
const USUAL_PLACES = { VAULT_HOME: '' };

let stage: DemoStage;
let keyring: SecretService;
let folder: string;

/** As cron and systemd run a job: none of the person's variables, no terminal, the current directory `/`. */
function bare(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const env = Object.entries({ HOME: stage.home.home, ...more, BROWSER: join(folder, 'browser') });
  const under = ['setsid', '--wait', 'env', '-i', ...env.map(([name, value]) => `${name}=${value}`)];
  return runVault(args, stage.home, { under, cwd: '/' });
}

/** Types a line into the person's own shell, where the keyring can be reached. */
async function type(line: string) {
  const shell = { ...keyring.env, PATH: `${folder}:${stage.home.env['PATH']}` };
  const env = { ...stage.home.env, ...USUAL_PLACES, ...shell };
  const child = spawn('sh', ['-c', line], {
    env,
    cwd: stage.home.home,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout };
}

function script(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

const PARTS = ['the built command line', 'Secret Service'] as const;

beforeAll(async () => {
  if (missing(...PARTS).length > 0) return;
  stage = await openDemoStage();
  folder = join(stage.home.root, 'bin');
  mkdirSync(folder);
  script('vault', `exec '${process.execPath}' '${VAULT_JS}' "$@"`);
  script('browser', `touch '${join(stage.home.root, 'browser-ran')}'`);
  const config = join(stage.home.home, '.config', 'token-vault');
  mkdirSync(config, { recursive: true, mode: 0o700 });
  stage.home.configure({ ...stage.home.config(), keySource: 'keychain' });
  cpSync(join(stage.home.vault, 'config.json'), join(config, 'config.json'));
  keyring = await startSecretService(stage.home);
  const { exitCode } = await stage.logIn([], {}, { env: { ...USUAL_PLACES, ...keyring.env } });
  expect(exitCode).toBe(0);
});
afterAll(async () => {
  if (stage === undefined) return;
  await keyring.stop();
  expect(existsSync(join(stage.home.root, 'browser-ran'))).toBe(false);
  expect(await stage.close()).toEqual([]);
});
beforeEach((context) => needs(context, ...PARTS));

describe('env -i, from /, without a terminal', () => {
  it('fails with exit 6 without a keychain, and works after the commands of the hint', async () => {
    const failed = await bare(REFRESH);
    expect(failed).toMatchObject({ exitCode: 6, stdout: '' });
    const [add, use, ...more] = failed.stderr.match(/vault key .*/g) ?? [];
    expect([add, use, ...more]).toEqual(['vault key add file', 'vault key use file']);
    for (const line of [add, use]) expect(await type(line ?? 'false')).toMatchObject({ status: 0 });
    const worked = await bare(REFRESH);
    expect(worked).toMatchObject({ exitCode: 0, signal: null });
    expect(worked.stderr).toContain('refreshed');
  });

  it('is reported by the doctor before the fix, and not after it', async () => {
    await type('vault key use keychain');
    const before = await type('vault doctor --as-cron --json');
    await type('vault key use file');
    const after = await type('vault doctor --as-cron --json');
    const cron = ({ stdout }: typeof before) =>
      JSON.parse(stdout).checks.find(({ check }: { check: string }) => check === 'cron');
    expect(cron(before)).toMatchObject({
      status: 'problem',
      message: expect.stringMatching(/^unlike here, under cron /),
    });
    expect(before.status).toBe(6);
    expect(cron(after)).toMatchObject({
      status: 'ok',
      message: 'the checks find no other problem under cron than here',
    });
    expect(after.status).toBe(0);
  });

  it('works with the keychain where the user’s bus is found', async () => {
    await type('vault key use keychain');
    const { XDG_RUNTIME_DIR = '' } = keyring.env;
    expect(await bare(REFRESH, { XDG_RUNTIME_DIR })).toMatchObject({ exitCode: 0 });
  });

  it('works with a command that prints the key, and with a credential of systemd', async () => {
    const credentials = join(stage.home.root, 'credentials');
    mkdirSync(credentials, { mode: 0o700 });
    const key = (name: string) => {
      const path = join(credentials, name);
      writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o400 });
      return path;
    };
    const printed = key('printed');
    await type(
      `vault key add command -- /bin/cat ${printed} && vault key use command -- /bin/cat ${printed}`,
    );
    expect(await bare(REFRESH)).toMatchObject({ exitCode: 0 });

    key('token-vault-master-key');
    const made = await type(`CREDENTIALS_DIRECTORY=${credentials} vault key add credential`);
    expect(made).toMatchObject({ status: 0 });
    await type(`CREDENTIALS_DIRECTORY=${credentials} vault key use credential`);
    expect(await bare(REFRESH, { CREDENTIALS_DIRECTORY: credentials })).toMatchObject({ exitCode: 0 });
    expect(await bare(REFRESH)).toMatchObject({ exitCode: 6, stdout: '' });
  });

  it('does not ask for a passphrase', async () => {
    const passphrase = 'four words nobody joins';
    const file = join(stage.home.root, 'passphrase');
    writeFileSync(file, passphrase, { mode: 0o600 });
    await type('vault key use file');
    expect(await type(`vault key add passphrase --passphrase-fd 3 3< ${file}`)).toMatchObject({ status: 0 });
    expect(await type(`vault key use passphrase --passphrase-fd 3 3< ${file}`)).toMatchObject({ status: 0 });
    expect(await bare(REFRESH)).toMatchObject({ exitCode: 6, stdout: '' });
    expect(await bare(REFRESH, { VAULT_PASSPHRASE_FILE: file })).toMatchObject({ exitCode: 0 });
  });
});
