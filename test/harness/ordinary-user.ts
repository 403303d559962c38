import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, lchownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faketime } from './faketime.js';
import type { TempHome } from './temp-home.js';

/** A user of this machine who is not root, to whom a home belongs. */
export interface OrdinaryUser {
  readonly name: string;
  readonly uid: number;
  /** Runs the command line as this user, from a copy that the user may read. */
  vault(args: readonly string[]): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** What is in the user's crontab. */
  crontab(): string;
  writeCrontab(content: string): void;
  remove(): void;
}

const BEFORE_THE_MINUTE = 57;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @param home becomes the user's own, with all that is in it */
export function makeOrdinaryUser(home: TempHome): OrdinaryUser {
  const name = `vault-test-${process.pid}`;
  execFileSync('useradd', ['--home-dir', home.home, '--no-create-home', '--shell', '/bin/sh', name]);
  const uid = Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
  const gid = Number(execFileSync('id', ['-g', name], { encoding: 'utf8' }));
  const program = giveProgramTo(home, uid, gid);
  return {
    name,
    uid,
    // Not to be waited for in one go: the authorization server runs in this process.
    vault: (args) =>
      new Promise((resolve) => {
        const options = { uid, gid, env: { ...home.env, LOGNAME: name }, cwd: '/' };
        const words = [program, ...args];
        const child = execFile(process.execPath, words, options, (_, stdout, stderr) =>
          resolve({ exitCode: child.exitCode, stdout, stderr }),
        );
      }),
    crontab: () => execFileSync('crontab', ['-u', name, '-l'], { encoding: 'latin1' }),
    writeCrontab(content) {
      execFileSync('crontab', ['-u', name, '-'], { input: Buffer.from(content, 'latin1') });
    },
    remove() {
      spawnSync('crontab', ['-u', name, '-r'], { stdio: 'ignore' });
      spawnSync('userdel', [name], { stdio: 'ignore' });
    },
  };
}

/**
 * Gives a home with all that is in it to a user, and a copy of the command line with it.
 *
 * @returns the script to run with Node
 */
export function giveProgramTo(home: TempHome, uid: number, gid: number): string {
  const program = join(home.root, 'program');
  copyProgram(program);
  giveAway(home.root, uid, gid);
  return join(program, 'bin', 'vault.js');
}

/** The checkout may lie where only root may look. */
function copyProgram(to: string): void {
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(ROOT, part), join(to, part), { recursive: true });
  const native = 'node_modules/better-sqlite3';
  for (const part of ['package.json', 'build/Release/better_sqlite3.node'])
    cpSync(join(ROOT, native, part), join(to, native, part));
}

function giveAway(folder: string, uid: number, gid: number): void {
  const inside = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const path of ['.', ...inside]) lchownSync(join(folder, path), uid, gid);
}

/**
 * The real cron, until it is stopped; one that runs on this machine already does as well. It looks for work once a
 * minute, so its clock is set to a few seconds before the next one. What it starts has the right time.
 */
export function startCron(): { stop(): Promise<void> } {
  const ahead = (BEFORE_THE_MINUTE + 60 - new Date().getSeconds()) % 60;
  const [program, ...args] = faketime('-f', `+${ahead}s`, 'cron', '-f');
  const daemon: ChildProcess = spawn(program, args, {
    stdio: 'ignore',
    detached: true,
  });
  const ended = once(daemon, 'exit');
  return {
    async stop() {
      // faketime waits for what it has started, and hands no signal on.
      if (daemon.pid !== undefined && daemon.exitCode === null) process.kill(-daemon.pid);
      await ended;
    },
  };
}
