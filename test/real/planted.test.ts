import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asItWas } from '../harness/as-it-was.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

let stage: DemoStage;
let account: string;
let good: string;
beforeAll(async () => {
  stage = await openDemoStage({ server: { knobs: { reuseGrace: 600 } } });
  account = (await stage.logIn()).stdout.trim();
  good = join(stage.home.root, 'good');
  cpSync(stage.home.vault, good, { recursive: true });
});
beforeEach(() => {
  asItWas(stage.home, good);
  stage.tokenRequests();
});
afterEach(() => rmSync(inVault('spill'), { recursive: true, force: true }));
afterAll(async () => {
  expect(await stage.close()).toEqual([]);
});

const inVault = (...names: string[]) => join(stage.home.vault, ...names);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function socket(path: string): void {
  servers.push(createServer().listen(path));
  expect(lstatSync(path).isSocket()).toBe(true);
}

/** Whoever opens it waits for its other end, and a process that waits in SQLite hears no signal. */
function pipe(path: string): void {
  rmSync(path, { recursive: true, force: true });
  execFileSync('mkfifo', [path]);
}

const refused = (path: string, what: string) =>
  expect.objectContaining({
    exitCode: 9,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^vault: ${path} ${what}\\nhint: .*ls -ld '${path}'`)),
  });

describe('a pipe in place of a file that SQLite would open', () => {
  it.each(['vault.db-journal', 'vault.db-wal', 'vault.db-shm'])(
    '%s blocks no command, and every command reports it',
    async (name) => {
      const path = inVault(name);
      pipe(path);
      for (const args of [['list'], ['token', account, '--refresh'], ['key', 'rotate']])
        expect(await stage.vault(args)).toEqual(refused(path, 'is not a regular file'));
      const doctor = await stage.vault(['doctor', '--offline', '--json']);
      expect(doctor.exitCode).not.toBe(0);
      expect(doctor.stdout).toContain(`${path} is not a regular file`);
      expect(stage.tokenRequests()).toBe(0);
    },
  );

  it('beside a lock blocks no command that needs the lock', async () => {
    expect((await stage.vault(['token', account, '--refresh'])).exitCode).toBe(0);
    const locks = readdirSync(inVault('locks')).filter((name) => name.endsWith('.db'));
    for (const name of locks) pipe(inVault('locks', `${name}-journal`));
    const run = await stage.vault(['token', account, '--refresh']);
    expect(run).toMatchObject({ exitCode: 9, stdout: '' });
    expect(run.stderr).toMatch(/locks\/\S+\.db-journal is not a regular file/);
  });
});

describe('a file in place of the spill folder', () => {
  it.each<[string, (path: string) => void]>([
    ['a pipe', pipe],
    ['a file', (path) => writeFileSync(path, '', { mode: 0o600 })],
    ['a socket', socket],
    ['a link to nowhere', (path) => symlinkSync('nowhere', path)],
    ['a link to a folder', (path) => symlinkSync('locks', path)],
  ])('that is %s is reported, and nothing is sent', async (_name, plant) => {
    const path = inVault('spill');
    rmSync(path, { recursive: true, force: true });
    plant(path);
    const run = await stage.vault(['token', account, '--refresh']);
    expect(run).toEqual(refused(path, 'is not a folder'));
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('a pipe in place of the vault itself', () => {
  it('blocks no command, not even the doctor', async () => {
    const path = inVault('vault.db');
    pipe(path);
    expect(await stage.vault(['list'])).toEqual(refused(path, 'is not a regular file'));
    const doctor = await stage.vault(['doctor', '--offline', '--json']);
    expect(doctor.exitCode).toBe(9);
    const { checks } = JSON.parse(doctor.stdout);
    expect(checks.filter((each: { status: string }) => each.status === 'problem')).toEqual([
      expect.objectContaining({ check: 'permissions', message: expect.stringContaining(path) }),
      expect.objectContaining({ check: 'database', message: `${path} is not a regular file` }),
    ]);
  });
});
