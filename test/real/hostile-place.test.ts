import {
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { walkConsent } from '../../src/demo/consent-walk.js';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Files a program might take from the folder it is run in. */
const BAIT = [
  '.env',
  '.env.local',
  '.npmrc',
  'config.json',
  'package.json',
  'tsconfig.json',
  'vault.db',
  'vault.db-journal',
  'master.key',
  'security.log',
  'node.config.json',
  'main.cjs',
  'locks/vault.db',
  ...['better-sqlite3', 'keytar', 'undici', 'commander', 'open'].map(
    (name) => `node_modules/${name}/index.js`,
  ),
];

function layBait(): string {
  const folder = join(stage.home.root, 'bait');
  for (const name of BAIT) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name.endsWith('.js') ? 'process.exit(99)' : 'VAULT_HOME=/nowhere');
  }
  return folder;
}

/** Calls that look at, open or change something in the folder, be it by its whole path or as seen from inside it. */
function touched(trace: string, folder: string): string[] {
  return trace.split('\n').filter((line) => {
    const [, call = '', from = '', path = ''] = /^\d+ +(\w+)\((?:([^,"]*), )?"([^"]*)"/.exec(line) ?? [];
    if (call === '' || call === 'getcwd' || call === 'chdir') return false;
    const fromInside = !path.startsWith('/') && path !== '' && (from === '' || from.includes(`<${folder}`));
    return fromInside || path.startsWith(folder);
  });
}

describe('in a folder full of bait', () => {
  it('no command touches anything, nor does the refresher that it starts', async (context) => {
    needs(context, 'strace');
    const cwd = layBait();
    const calls = join(stage.home.root, 'calls');
    const under = [
      'strace',
      '-f',
      '--seccomp-bpf',
      '-qq',
      '-y',
      '-e',
      'trace=%file',
      '-e',
      'signal=none',
      '-A',
      '-o',
      calls,
    ];
    const runs = [
      await stage.logIn([], {}, { cwd, under }),
      await stage.vault(['token', 'demo', '--refresh'], { cwd, under }),
      await stage.vault(['refresh', '--all', '--force'], { cwd, under }),
      await stage.vault(['exec', 'demo', '--', '/bin/true'], { cwd, under }),
      await stage.vault(['list', '--json'], { cwd, under }),
    ];
    expect(runs.map(({ exitCode }) => exitCode)).toEqual(runs.map(() => 0));
    const trace = readFileSync(calls, 'utf8');
    expect(touched(trace, stage.home.vault).length).toBeGreaterThan(50);
    expect(touched(trace, cwd)).toEqual([]);
    // Only what is named is read, and that shows.
    await stage.vault(['providers', '--settings', '.env'], { cwd, under });
    expect(touched(readFileSync(calls, 'utf8'), cwd).join('\n')).toMatch(/open.*\.env/);
  });
});

describe('the programs that a command starts', () => {
  it('get no secret in their arguments or environment', async (context) => {
    needs(context, 'strace');
    const own = await openDemoStage({ server: { clientAuth: 'post' }, provider: { clientAuth: 'post' } });
    const secret = own.demo.client.secret ?? '';
    const calls = join(own.home.root, 'calls');
    const under = [
      'strace',
      '-f',
      '--seccomp-bpf',
      '-qq',
      '-v',
      '-s',
      '65536',
      '-e',
      'trace=execve',
      '-A',
      '-o',
      calls,
    ];
    const opened = join(own.home.root, 'opened');
    const browser = `sh -c "echo $0 >${opened}" %s`;
    const options = { under, env: { DEMO_CLIENT_SECRET: secret, BROWSER: browser } };
    const login = startVault(['login', 'demo'], own.home, options);
    const url = await vi.waitFor(() => /^http.*\n/.exec(readFileSync(opened, 'utf8'))?.[0] ?? expect.fail(), {
      timeout: 20_000,
    });
    await walkConsent(url.trim());
    login.child.stdin?.end();
    const codes = [
      (await login.done).exitCode,
      (await own.vault(['token', 'demo', '--refresh'], options)).exitCode,
    ];
    expect(codes).toEqual([0, 0]);
    const started = readFileSync(calls, 'utf8')
      .split('\n')
      .filter((line) => line.includes('= 0'));
    // The first of each is the command itself, which was given the secret by us.
    expect(started.filter((line) => line.includes(secret))).toHaveLength(2);
    expect(started.filter((line) => line.includes('"@refresher"'))).toHaveLength(1);
    expect(started.filter((line) => line.includes('/bin/sh'))).toHaveLength(1);
    // Looks through all files for every code, verifier and token, this one among them.
    expect(await own.close()).toEqual([]);
  });
});

describe('an unusual process', () => {
  it('without stdin, stdout and stderr writes no output into a file of the vault', async () => {
    const account = (await stage.logIn()).stdout.trim();
    const without = { under: ['sh', '-c', 'exec "$@" 0<&- 1>&- 2>&-', 'sh'] };
    for (const args of [['token', account, '--refresh', '--verbose'], ['token', 'nobody'], ['list']])
      await startVault(args, stage.home, without).done;
    stage.home.runs.length = 0;
    expect(readFileSync(join(stage.home.vault, 'vault.db'), 'latin1')).toMatch(/^SQLite format 3\0/);
    expect((await stage.vault(['token', account])).exitCode).toBe(0);
  });

  it('that gets SIGUSR1 opens no debugger and continues', async () => {
    const login = startVault(['login', 'demo', '--no-browser'], stage.home);
    const url = (await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/)).trim();
    login.child.kill('SIGUSR1');
    await walkConsent(url);
    login.child.stdin?.end();
    const run = await login.done;
    expect(run.exitCode).toBe(0);
    expect(run.stderr).not.toMatch(/Debugger/);
  });

  it('with a debugger refuses to run, and one without TLS checks ignores that setting', async () => {
    const opened = await stage.vault(['list'], { env: { NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2' } });
    expect(opened).toMatchObject({ exitCode: 2, stdout: '' });
    expect(opened.stderr).toMatch(/^vault: NODE_OPTIONS contains --heapsnapshot-signal/);
    const trusting = await stage.vault(['list', '--quiet'], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    expect(trusting.exitCode).toBe(0);
    expect(trusting.stderr).toMatch(/^vault: NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored/);
  });

  it('of root in another user’s home leaves nothing there', async (context) => {
    needs(context, 'another user');
    const { home } = stage.home;
    chownSync(home, 54_321, 54_321);
    const env = { VAULT_HOME: '', SUDO_UID: '54321' };
    for (const args of [['list'], ['init', '--key-source', 'file'], ['providers']]) {
      const run = await stage.vault(args, { env });
      expect(run).toMatchObject({ exitCode: 9, stdout: '' });
      expect(run.stderr).toMatch(
        /belongs to another user, and this runs as root.*\nhint: .*sudo -u '#54321' -H/,
      );
    }
    expect(readdirSync(home)).toEqual([]);
    const doctor = await stage.vault(['doctor', '--offline'], { env });
    expect(doctor.exitCode).toBe(9);
    expect(doctor.stdout).toMatch(/belongs to another user, and this runs as root/);
  });

  it('of root with another user’s HOME and its own vault installs no job', async (context) => {
    needs(context, 'another user');
    const { home } = stage.home;
    const victim = join(stage.home.root, 'victim');
    mkdirSync(victim);
    symlinkSync(victim, join(home, '.config'));
    lchownSync(join(home, '.config'), 54_321, 54_321);
    chownSync(home, 54_321, 54_321);
    for (const args of [
      ['schedule', '--install', '--kind', 'systemd'],
      ['schedule', '--uninstall', '--kind', 'systemd'],
      ['agent', 'install', '--kind', 'systemd'],
      ['agent', 'uninstall'],
    ]) {
      const run = await stage.vault(args);
      expect(run).toMatchObject({ exitCode: 9, stdout: '' });
      expect(run.stderr).toContain(`HOME is ${home}, which belongs to another user (id 54321)`);
    }
    expect(readdirSync(victim)).toEqual([]);
  });

  it.for([
    ['user', '--ruid=54321'],
    ['group', '--rgid=54321'],
  ] as const)(
    'with the rights of another %s than the one that started it refuses to run',
    async ([, option], context) => {
      needs(context, 'setpriv');
      const { home, vault } = stage.home;
      if (option.startsWith('--ruid')) chownSync(home, 54_321, 54_321);
      const before = readdirSync(vault);
      for (const env of [{}, { VAULT_HOME: '' }]) {
        for (const args of [
          ['list'],
          ['init', '--key-source', 'file'],
          ['--version-of-nothing'],
          ['doctor'],
        ]) {
          const run = await stage.vault(args, { env, under: ['setpriv', '--keep-groups', option] });
          expect(run).toMatchObject({ exitCode: 9, stdout: '' });
          expect(run.stderr).toMatch(/^vault: this process has the rights of two users or groups.*\nhint: /);
        }
      }
      expect(readdirSync(home)).toEqual([]);
      expect(readdirSync(vault)).toEqual(before);
    },
  );
});
