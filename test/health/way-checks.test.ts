import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createFiles } from '../../src/system/files/files.js';
import { resolvePaths } from '../../src/system/paths.js';
import { needs } from '../harness/parts.js';
import { type HealthTest, healthTest } from './health-test.js';

const STRANGER = 54_321;
const uid = process.geteuid?.();

let stage: HealthTest;
let above: string;
beforeEach(async () => {
  stage = await healthTest();
  above = join(stage.folder, 'above');
  mkdirSync(above, { mode: 0o700 });
});
afterEach(() => stage.close());

/** The doctor's findings about a vault below `above`, of which nothing need be there. */
async function found(names: Readonly<Record<string, string>>) {
  const paths = resolvePaths({ env: names, platform: 'linux' }, null);
  const { permissions = [] } = await stage.examine({ paths });
  return { permissions, paths };
}

/** What every other command says of the same place. */
function refusal(database: string): unknown {
  try {
    return createFiles({ uid, pid: 1 }, () => {}).exists(database);
  } catch (failure) {
    return failure;
  }
}

describe('a folder above a vault that does not exist yet', () => {
  const inOne = () => ({ VAULT_HOME: join(above, 'vault') });

  it.each([
    ['770', 0o770],
    ['722', 0o722],
  ])('is a problem with mode %s, as for every command', async (_, mode) => {
    chmodSync(above, mode);
    const { permissions, paths } = await found(inOne());
    const failure = refusal(paths.database);
    expect(failure).toMatchObject({ code: 'vault_permissions', message: expect.stringContaining(above) });
    const { message, hint } = failure as { message: string; hint: string };
    expect(permissions).toEqual([
      expect.objectContaining({ status: 'problem', code: 'vault_permissions', message, remedy: hint }),
    ]);
  });

  it('is a problem when it belongs to another user, with a vault or without', async (context) => {
    needs(context, 'another user');
    chownSync(above, STRANGER, STRANGER);
    const expected = [
      expect.objectContaining({
        status: 'problem',
        message: expect.stringMatching(/above belongs to another user, and this runs as root/),
        remedy: expect.stringContaining("sudo -u '#54321' -H"),
      }),
    ];
    expect((await found(inOne())).permissions).toEqual(expected);
    mkdirSync(join(above, 'vault'), { mode: 0o700 });
    writeFileSync(join(above, 'vault', 'config.json'), '{}', { mode: 0o600 });
    expect((await found(inOne())).permissions).toEqual(expected);
  });

  it('is reported once, although several paths are below it', async () => {
    chmodSync(above, 0o770);
    const { permissions } = await found({ HOME: above });
    expect(permissions).toHaveLength(1);
    expect(permissions[0]).toMatchObject({
      status: 'problem',
      remedy: expect.stringContaining('chmod go-w'),
    });
  });

  it('is no problem when no other user can write to it', async () => {
    expect((await found(inOne())).permissions).toEqual([
      expect.objectContaining({ status: 'skipped', message: 'there are no files of a vault yet' }),
    ]);
  });
});

it.each([
  ...['vault.db', 'vault.db-journal', 'master.key', 'config.json', '.env', 'security.log', 'machine'],
  ...['locks', 'marks', 'spill', 'audit', 'locks/vault.db', 'audit/queue', 'spill/1.spill'],
])('a pipe in place of %s blocks no check, and is the only problem', async (name) => {
  const path = join(stage.folder, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { recursive: true, force: true });
  execFileSync('mkfifo', ['-m', '600', path]);
  // Were it opened all the same, nothing could interrupt that.
  const end = openSync(path, 'r+');
  onTestFinished(() => closeSync(end));
  const problems = Object.values(await stage.examine())
    .flat()
    .filter(({ status }) => status === 'problem' || status === 'warning');
  expect(problems.length).toBeGreaterThan(0);
  for (const { message } of problems) {
    expect(message).toMatch(/ is (?:no|not a) (?:regular file|folder)\b/);
    expect(message).toContain(path);
  }
});

it('anything but a file in place of SQLite’s side files is reported', async () => {
  for (const end of ['-journal', '-wal', '-shm']) mkdirSync(`${stage.paths.database}${end}`);
  const { permissions = [], database = [] } = await stage.examine();
  expect(permissions.map(({ message }) => message)).toEqual(
    ['-journal', '-wal', '-shm'].map((end) =>
      expect.stringContaining(`vault.db${end} is not a regular file, which is refused`),
    ),
  );
  expect(database[0]).toMatchObject({ status: 'problem', code: 'vault_permissions' });
});
