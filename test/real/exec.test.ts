import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliOptions, startVault, VAULT_JS } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;

beforeAll(async () => {
  stage = await openDemoStage();
  await stage.logIn();
});
beforeEach(() => rmSync(file('tokens'), { force: true }));
afterAll(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Runs a shell script in the vault's place. */
function exec(script: string, options: readonly string[] = [], cli: CliOptions = {}) {
  return stage.vault(['exec', 'demo', ...options, '--', 'sh', '-c', script], cli);
}

/** A file in the person's home. */
function file(name: string): string {
  return join(stage.home.home, name);
}

/** What a script wrote into a file: digests, so that no token lies about. */
function lines(name: string): string[] {
  return readFileSync(file(name), 'utf8').trim().split('\n');
}

const DIGEST = 'printf %s "$ACCESS_TOKEN" | sha256sum >> tokens';

describe('the program', () => {
  it('finds a valid token in its environment, and stdin, stdout and stderr are its own', async () => {
    const script = 'cat; echo to stderr >&2; case $ACCESS_TOKEN in demo-access-*) echo has a token;; esac';
    expect(await exec(script, [], { stdin: 'from stdin\n' })).toMatchObject({
      exitCode: 0,
      stdout: 'from stdin\nhas a token\n',
      stderr: 'to stderr\n',
    });
  });

  it('finds it in the variable named by --env', async () => {
    const script = 'test -n "$GH_TOKEN" && test -z "$ACCESS_TOKEN" && echo so it is';
    expect(await exec(script, ['--env', 'GH_TOKEN'])).toMatchObject({ stdout: 'so it is\n' });
  });

  it('gets its arguments unchanged, even those that look like options of vault', async () => {
    const run = await stage.vault([
      'exec',
      'demo',
      '--',
      'printf',
      '%s|',
      '--json',
      '--help',
      '--',
      'a b',
      '',
    ]);
    expect(run).toMatchObject({ exitCode: 0, stdout: '--json|--help|--|a b||', stderr: '' });
  });

  it('gets the environment without vault’s own variables', async () => {
    const env = {
      GOOGLE_CLIENT_SECRET: 'client-secret-example',
      VAULT_PROFILE: '',
      VAULT_PASSPHRASE_FILE: '/nonexistent/passphrase',
      VAULT_ADDR: 'https://other.example',
      MINE: 'stays',
    };
    const { stdout } = await exec('env | cut -d= -f1', [], { env });
    const names = stdout.split('\n');
    expect(names).toEqual(expect.arrayContaining(['ACCESS_TOKEN', 'HOME', 'MINE', 'PATH', 'VAULT_ADDR']));
    expect(names.filter((name) => /_CLIENT_SECRET$|^VAULT_(?!ADDR)/.test(name))).toEqual([]);
  });

  it('is not run when there is no token for it', async () => {
    const run = await exec('touch ran', ['--scope', 'notes.write']);
    expect(run).toMatchObject({ exitCode: 7, stdout: '' });
    expect(() => lines('ran')).toThrow('ENOENT');
  });
});

describe('its end', () => {
  it.each([0, 1, 41, 255])('with code %d becomes the exit code of the command', async (code) => {
    expect(await exec(`exit ${code}`)).toMatchObject({ exitCode: code, stdout: '', stderr: '' });
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
  ])('by SIG%s gives 128 + n as in shells', async (signal, code) => {
    expect(await exec(`kill -${signal} $$`)).toMatchObject({ exitCode: code, signal: null });
  });

  it('is 127 when there is no such program, and 126 when it cannot be run', async () => {
    expect(await stage.vault(['exec', 'demo', '--', 'no-such-program'])).toMatchObject({
      exitCode: 127,
      stdout: '',
      stderr: `vault: there is no program no-such-program, so nothing was run
hint: check its name and PATH, or give its full path
`,
    });
    writeFileSync(file('data'), 'no program');
    mkdirSync(file('folder'));
    for (const name of ['data', 'folder']) {
      const run = await stage.vault(['exec', 'demo', '--', `./${name}`]);
      expect(run).toMatchObject({ exitCode: 126, stdout: '' });
      expect(run.stderr).toContain(`vault: ./${name} could not be started`);
    }
  });
});

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the program, which handles it',
    async (signal) => {
      const script = `trap 'echo heard; exit 9' ${signal.slice(3)}; echo ready >&2; while :; do sleep 0.05; done`;
      const running = startVault(['exec', 'demo', '--', 'sh', '-c', script], stage.home);
      await running.stderrLine(/^ready$/);
      running.child.kill(signal);
      expect(await running.done).toMatchObject({ exitCode: 9, stdout: 'heard\n', stderr: 'ready\n' });
    },
  );

  it('from a terminal reach the program only once', async (context) => {
    if (process.platform !== 'linux') context.skip('needs script of util-linux');
    const program = [
      'process.on("SIGINT", () => console.log("heard")).on("SIGTERM", () => process.exit(9))',
      'console.log("ready", process.ppid)',
      'setTimeout(() => undefined, 30_000)',
    ].join(';');
    const node = `'${process.execPath}'`;
    const line = `exec ${node} '${VAULT_JS}' exec demo -- ${node} -e '${program}'`;
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { env: stage.home.env });
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await expect.poll(() => shown).toContain('ready');
    terminal.stdin.write('\u0003');
    await expect.poll(() => shown).toContain('heard');
    const vault = Number(/ready (\d+)/.exec(shown)?.[1]);
    process.kill(vault, 'SIGINT');
    process.kill(vault, 'SIGTERM');
    const [exitCode] = await once(terminal, 'close');
    expect({ exitCode, heard: shown.match(/heard/g)?.length }, shown).toEqual({ exitCode: 9, heard: 1 });
  });

  it('that end the program end the command the same way', async () => {
    const running = startVault(
      ['exec', 'demo', '--', 'sh', '-c', 'echo ready >&2; exec sleep 60'],
      stage.home,
    );
    await running.stderrLine(/^ready$/);
    running.child.kill('SIGTERM');
    expect(await running.done).toMatchObject({ exitCode: 143, stderr: 'ready\n' });
  });
});

describe('a token that the program finds refused', () => {
  it('is refreshed once, and the program is run once more with the new one', async () => {
    stage.tokenRequests();
    const run = await exec(`${DIGEST}; test "$(wc -l < tokens)" -gt 1 || exit 41`, ['--retry-exit', '41']);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const [first, second, ...more] = lines('tokens');
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('is not refreshed a second time: the second exit code is final', async () => {
    stage.tokenRequests();
    expect(await exec(`${DIGEST}; exit 41`, ['--retry-exit', '41'])).toMatchObject({ exitCode: 41 });
    expect(lines('tokens')).toHaveLength(2);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('is kept when the program ends with another code', async () => {
    stage.tokenRequests();
    expect(await exec(`${DIGEST}; exit 40`, ['--retry-exit', '41'])).toMatchObject({ exitCode: 40 });
    expect(lines('tokens')).toHaveLength(1);
    expect(stage.tokenRequests()).toBe(0);
  });

  it('is replaced by one that another process fetched meanwhile', async () => {
    const refresh = `VAULT_HOME='${stage.home.vault}' ${process.execPath} bin/vault.js refresh demo --force --quiet`;
    stage.tokenRequests();
    const script = `${DIGEST}; test "$(wc -l < tokens)" -gt 1 || { cd '${process.cwd()}' && ${refresh}; exit 41; }`;
    expect(await exec(script, ['--retry-exit', '41'])).toMatchObject({ exitCode: 0 });
    expect(new Set(lines('tokens')).size).toBe(2);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('does not restart a program that was asked to stop', async () => {
    const script = `${DIGEST}; trap 'exit 41' TERM; echo ready >&2; while :; do sleep 0.05; done`;
    const running = startVault(['exec', 'demo', '--retry-exit', '41', '--', 'sh', '-c', script], stage.home);
    await running.stderrLine(/^ready$/);
    running.child.kill('SIGTERM');
    expect((await running.done).exitCode).toBe(41);
    expect(lines('tokens')).toHaveLength(1);
  });

  it('fails with the reason when it cannot be refreshed', async () => {
    // Nothing can be refreshed from here on.
    stage.demo.endAllGrants();
    const run = await exec(`${DIGEST}; exit 41`, ['--retry-exit', '41']);
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toContain('hint: vault login demo/ada@example.com');
    expect(lines('tokens')).toHaveLength(1);
  });
});
