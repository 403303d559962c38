import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fakeSecretService } from '../doubles/secret-service.js';
import type { CliOptions, CliRun } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { HANGS, missing, needs } from '../harness/parts.js';
import { type SecretService, startSecretService } from '../harness/secret-service.js';
import { startSessionBus } from '../harness/session-bus.js';

let stage: DemoStage;
let service: SecretService;

beforeAll(async () => {
  if (missing('Secret Service').length > 0) return;
  stage = await openDemoStage({ config: { keySource: 'keychain' } });
  service = await startSecretService(stage.home);
  await stage.logIn([], {}, { env: service.env });
});
beforeEach((context) => needs(context, 'Secret Service'));
afterAll(async () => {
  await service?.stop();
  if (stage !== undefined) expect(await stage.close()).toEqual([]);
});

/** As cron does; a command that hangs is killed. */
const alone = (env: Readonly<Record<string, string>>, before: readonly string[] = []): CliOptions => ({
  cwd: '/',
  under: [
    ...before,
    ...['env', '-i', `HOME=${stage.home.home}`, `VAULT_HOME=${stage.home.vault}`],
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...['timeout', '--signal=KILL', '60'],
  ],
});
const token = (options: CliOptions) => stage.vault(['token', 'demo', '--json'], options);
const refresh = (options: CliOptions) => stage.vault(['refresh', '--all', '--days', '3', '--json'], options);
const errorOf = ({ stdout }: CliRun): { code: string; message: string; hint: string } =>
  JSON.parse(stdout).error;

const inNamespaces = (script: string, ...kinds: readonly string[]) => [
  ...['unshare', '--mount', ...kinds, 'sh', '-c', `${script} && exec "$@"`, 'sh'],
];
const userFolder = `/run/user/${process.getuid?.()}`;

describe.concurrent('a keychain that hangs', () => {
  it('times out, is named, and works after the command of the hint', async () => {
    service.freeze();
    const runs = await Promise.all([token(alone(service.env)), refresh(alone(service.env))]);
    for (const run of runs) {
      expect(run).toMatchObject({ exitCode: 6, signal: null });
      expect(errorOf(run)).toMatchObject({
        code: 'key_timed_out',
        message: expect.stringMatching(
          /the Secret Service \(org\.freedesktop\.secrets\), process \d+ \(gnome/,
        ),
      });
    }
    const [, command = ''] = /: (kill -CONT \d+)$/m.exec(errorOf(runs[0]).hint) ?? [];
    expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    expect(await token(alone(service.env))).toMatchObject({ exitCode: 0 });
  });

  it('times out at whichever call it hangs', async () => {
    const hung = async (silent: string) => {
      const bus = await startSessionBus(join(stage.home.root, silent));
      const fake = await fakeSecretService(bus.socket, { secret: 'A'.repeat(43), silent: [silent] });
      const run = await token(alone(bus.env));
      fake.close();
      await bus.stop();
      return run;
    };
    for (const run of await Promise.all(['all', 'OpenSession', 'GetSecret'].map(hung))) {
      expect(run).toMatchObject({ exitCode: 6, signal: null });
      expect(errorOf(run)).toMatchObject({ code: 'key_timed_out' });
    }
  });
});

describe('a keychain that is locked', () => {
  it('prompts only at a terminal', async () => {
    await service.lock();
    for (const run of await Promise.all([token(alone(service.env)), refresh(alone(service.env))])) {
      expect(run.exitCode).toBe(6);
      expect(errorOf(run)).toMatchObject({ code: 'key_locked' });
    }
    const env = { ...stage.home.env, ...service.env };
    const command = `${process.execPath} bin/vault.js token demo`;
    const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      env,
      encoding: 'utf8',
      timeout: HANGS,
    });
    expect(status).toBe(6);
    expect(stdout).toContain('the keychain is locked: it asks');
    expect(stdout).toContain('its password prompt was dismissed, or there is no desktop');
    await service.unlock();
  });
});

describe('a keychain that works', () => {
  it('returns its key to many processes at once', async () => {
    const runs = await Promise.all(Array.from({ length: 6 }, () => token({ env: service.env })));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual(runs.map(() => 0));
  });

  it('is read without libsecret, which storing a key needs', async (context) => {
    needs(context, 'namespaces of its own');
    const folder = '/usr/lib/x86_64-linux-gnu';
    const library = readdirSync(folder).find((name) => /^libsecret-1\.so\.\d+$/.test(name));
    const under = inNamespaces(`mount --bind /dev/null ${folder}/${library}`);
    expect(await token({ env: service.env, under })).toMatchObject({ exitCode: 0 });
    const run = await stage.vault(['--profile', 'work', 'init', '--json', '--key-source', 'keychain'], {
      env: service.env,
      under,
    });
    expect(run.exitCode).toBe(6);
    expect(errorOf(run)).toMatchObject({
      code: 'keychain_not_installed',
      hint: expect.stringMatching(
        /: apt-get install libsecret-1-0\n.*: vault --profile work init --key-source file$/,
      ),
    });
  });
});

describe('without a session bus in the environment', () => {
  it('the user’s bus is found, for reading and for storing', async (context) => {
    const { XDG_RUNTIME_DIR = '' } = service.env;
    expect(await refresh(alone({ XDG_RUNTIME_DIR }))).toMatchObject({ exitCode: 0 });
    needs(context, 'namespaces of its own');
    const mounts = `mount -t tmpfs none /run && mkdir -p ${userFolder} && mount --bind ${service.bus.runtime} ${userFolder}`;
    const bare = alone({}, inNamespaces(mounts));
    expect(await refresh(bare)).toMatchObject({ exitCode: 0 });
    const init = ['--profile', 'night', 'init', '--key-source', 'keychain'];
    expect(await stage.vault(init, bare)).toMatchObject({ exitCode: 0 });
  });

  it('a container fails at once', async (context) => {
    needs(context, 'namespaces of its own');
    const run = await token(alone({}, inNamespaces('mount -t tmpfs none /run', '--net')));
    expect(run.exitCode).toBe(6);
    expect(errorOf(run)).toMatchObject({
      code: 'session_bus_missing',
      message: expect.stringContaining(`no session bus of this user is at ${userFolder}/bus`),
    });
  });

  it('a job without any bus works after the two commands of the hint', async () => {
    const nowhere = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
    const run = await refresh(alone(nowhere));
    expect(run.exitCode).toBe(6);
    const { code, hint } = errorOf(run);
    expect(code).toBe('session_bus_missing');
    const commands = [...hint.matchAll(/: vault (.+)$/gm)].map(([, args = '']) => args.split(' '));
    expect(commands).toHaveLength(2);
    for (const args of commands)
      expect(await stage.vault(args, { env: service.env })).toMatchObject({ exitCode: 0 });
    expect(await refresh(alone(nowhere))).toMatchObject({ exitCode: 0 });
  });
});
