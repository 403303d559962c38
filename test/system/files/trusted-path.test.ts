import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFiles } from '../../../src/system/files/files.js';

const isRoot = process.getuid?.() === 0;
/** Root may give folders away; anybody else plays somebody to whom their own folders are foreign. */
const STRANGER = 54_321;
const uid = process.getuid?.() ?? 0;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vault-way-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const filesOf = (owner = uid) => createFiles({ uid: owner, pid: 1 }, () => {});
const unsafe = (what: RegExp, hint: RegExp) =>
  expect.objectContaining({
    code: 'vault_permissions',
    exitCode: 9,
    message: expect.stringMatching(what),
    hint: expect.stringMatching(hint),
  });

/** Everything that begins below a folder, and must not when the way to it is unsafe. */
function attempts(vault: string, owner = uid): readonly (() => unknown)[] {
  const files = filesOf(owner);
  const file = join(vault, 'file');
  const bytes = Buffer.from('text');
  return [
    () => files.ensureFolder(vault),
    () => files.create(file, bytes),
    () => files.replace(file, bytes),
    () => files.append(file, bytes, 100, 2),
    () => files.read(file, 100),
    () => files.check(file),
    () => files.exists(file),
  ];
}

function way(...names: string[]): string {
  const path = join(root, ...names);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

describe('the path to a private file', () => {
  it.each([0o770, 0o707, 0o722, 0o2775, 0o777])(
    'is refused if a folder on it has mode %o, and nothing is written below it',
    (mode) => {
      const open = way('open');
      const below = way('open', 'below');
      chmodSync(open, mode);
      const refusal = unsafe(/open is writable by other users/, /^chmod go-w '.*open'$/);
      for (const attempt of attempts(join(below, 'vault'))) expect(attempt).toThrow(refusal);
      expect(readdirSync(below)).toEqual([]);
      chmodSync(open, 0o755);
      filesOf().ensureFolder(join(below, 'vault'));
      expect(readdirSync(below)).toEqual(['vault']);
    },
  );

  it('is safe if others may write but touch only their own files, as in /tmp', () => {
    chmodSync(way('shared'), 0o1777);
    const vault = join(root, 'shared', 'vault');
    filesOf().ensureFolder(vault);
    expect(filesOf().create(join(vault, 'file'), Buffer.from('text'))).toBe(true);
  });

  it('is refused if a folder on it belongs to another user', () => {
    const theirs = way('theirs');
    if (isRoot) chownSync(theirs, STRANGER, STRANGER);
    const refusal = isRoot
      ? unsafe(/theirs belongs to another user, and this runs as root/, /sudo -u '#54321' -H vault/)
      : unsafe(/belongs to another user/, /^ls -ld /);
    const owner = isRoot ? uid : STRANGER;
    for (const attempt of attempts(join(theirs, 'vault'), owner)) expect(attempt).toThrow(refusal);
    expect(readdirSync(theirs)).toEqual([]);
  });

  it('is checked again where a file is written, and completely after a second', async () => {
    const vault = way('above', 'vault');
    const files = filesOf();
    const check = () => files.check(join(vault, 'file'));
    check();
    chmodSync(vault, 0o777);
    expect(check).toThrow(unsafe(/vault is writable by other users/, /chmod/));
    chmodSync(vault, 0o700);
    chmodSync(join(root, 'above'), 0o777);
    await vi.waitFor(() => expect(check).toThrow(unsafe(/above is writable by other users/, /chmod/)), {
      timeout: 5_000,
    });
  });

  it('may contain our links, and is checked where they lead', () => {
    const real = way('real');
    const open = way('open');
    symlinkSync(real, join(root, 'good'));
    symlinkSync('../open', join(real, 'bad'));
    filesOf().ensureFolder(join(root, 'good', 'vault'));
    expect(readdirSync(real).sort()).toEqual(['bad', 'vault']);
    chmodSync(open, 0o777);
    const refusal = unsafe(/open is writable by other users/, /chmod/);
    for (const attempt of attempts(join(root, 'good', 'bad', 'vault'))) expect(attempt).toThrow(refusal);
    expect(readdirSync(open)).toEqual([]);
  });

  it('ends at a link to itself', () => {
    symlinkSync('circle', join(root, 'circle'));
    for (const attempt of attempts(join(root, 'circle', 'vault')))
      expect(attempt).toThrow(unsafe(/too many links/, /^ls -ld /));
  });

  it('ends at a missing entry, or a file', () => {
    writeFileSync(join(root, 'file'), '');
    expect(filesOf().check(join(root, 'none', 'below', 'file'))).toBe(false);
    expect(filesOf().check(join(root, 'file', 'below'))).toBe(false);
  });

  it('is not checked on Windows, where folders have no mode', () => {
    chmodSync(way('open'), 0o777);
    const files = createFiles({ uid: undefined, pid: 1 }, () => {});
    expect(files.create(join(root, 'open', 'file'), Buffer.from('text'))).toBe(true);
  });
});
