import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFiles } from '../../../src/system/files/files.js';

const uid = process.getuid?.() ?? 0;
let root: string;
let notices: string[];
const ensure = (path: string, owner = uid) =>
  createFiles({ uid: owner, pid: 1 }, (line) => void notices.push(line)).ensureFolder(path);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vault-folders-'));
  notices = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (of: string) => statSync(of).mode & 0o7777;
const unsafe = expect.objectContaining({ code: 'vault_permissions', exitCode: 9, hint: expect.any(String) });

describe('a folder for private files', () => {
  it('is made 0700 with its missing parents, and existing ones are not changed', () => {
    chmodSync(root, 0o755);
    const before = process.umask(0);
    try {
      ensure(join(root, 'a', 'b', 'c'));
    } finally {
      process.umask(before);
    }
    expect(['a', 'a/b', 'a/b/c'].map((name) => modeOf(join(root, name)))).toEqual([0o700, 0o700, 0o700]);
    expect(modeOf(root)).toBe(0o755);
    expect(notices).toEqual([]);
  });

  it.each([0o755, 0o770, 0o701])('of ours with mode %o is closed to others, with a notice', (mode) => {
    const path = join(root, 'open');
    mkdirSync(path);
    chmodSync(path, mode);
    ensure(path);
    ensure(path);
    expect(modeOf(path)).toBe(0o700);
    expect(notices).toEqual([expect.stringMatching(/open was open to other users; its mode is now 700$/)]);
  });

  it('that all users share is refused and not changed', () => {
    const path = join(root, 'shared');
    mkdirSync(path);
    chmodSync(path, 0o1777);
    expect(() => ensure(path)).toThrow(
      expect.objectContaining({ code: 'vault_permissions', hint: expect.stringContaining('VAULT_HOME=') }),
    );
    expect(modeOf(path)).toBe(0o1777);
    ensure(join(path, 'mine'));
    expect(modeOf(path)).toBe(0o1777);
  });

  it('is refused if it is another user’s, a file, or a link', () => {
    mkdirSync(join(root, 'theirs'), { mode: 0o700 });
    expect(() => ensure(join(root, 'theirs'), uid + 1)).toThrow(unsafe);
    writeFileSync(join(root, 'file'), '');
    expect(() => ensure(join(root, 'file'))).toThrow(unsafe);
    symlinkSync(join(root, 'theirs'), join(root, 'link'));
    expect(() => ensure(join(root, 'link'))).toThrow(unsafe);
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
    expect(() => ensure(join(root, 'dangling'))).toThrow(unsafe);
    expect(readdirSync(root).sort()).toEqual(['dangling', 'file', 'link', 'theirs']);
    expect(lstatSync(join(root, 'link')).isSymbolicLink()).toBe(true);
  });

  it('that is only checked has the same conditions, and is not made', () => {
    const check = (path: string) =>
      createFiles({ uid, pid: 1 }, (line) => void notices.push(line)).checkFolder(join(root, path));
    expect(check('missing')).toBe(false);
    expect(readdirSync(root)).toEqual([]);
    mkdirSync(join(root, 'open'));
    chmodSync(join(root, 'open'), 0o755);
    expect(check('open')).toBe(true);
    expect(modeOf(join(root, 'open'))).toBe(0o700);
    symlinkSync(join(root, 'open'), join(root, 'link'));
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
    for (const name of ['link', 'dangling']) expect(() => check(name)).toThrow(unsafe);
  });

  it('is not made below a file, or below a broken link', () => {
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
    for (const parent of ['file', 'dangling']) {
      expect(() => ensure(join(root, parent, 'below'))).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^vault_(not_writable|permissions)$/),
          exitCode: 9,
        }),
      );
    }
    expect(readdirSync(root).sort()).toEqual(['dangling', 'file']);
  });
});
