import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../../src/system/contract.js';
import { createFiles } from '../../../src/system/files/files.js';

const uid = process.getuid?.() ?? 0;
let folder: string;
let path: string;
let notices: string[];
let files: Files;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-files-'));
  path = join(folder, 'file');
  notices = [];
  files = createFiles({ uid, pid: 4_711 }, (line) => void notices.push(line));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (of: string) => statSync(of).mode & 0o7777;
const here = () => readdirSync(folder).sort();
const bytes = (text: string) => Buffer.from(text);
const unsafe = expect.objectContaining({ code: 'vault_permissions', exitCode: 9, hint: expect.any(String) });
const unwritable = expect.objectContaining({
  code: 'vault_not_writable',
  exitCode: 9,
  hint: expect.stringMatching(/^(?:df|ls|mkdir) /),
});

/** Everything that must not stand where a private file is read or checked. */
const STRANGE: readonly (readonly [string, () => void])[] = [
  ['a symbolic link', () => symlinkSync(join(folder, 'target'), path)],
  ['a link to nowhere', () => symlinkSync(join(folder, 'nowhere'), path)],
  ['a hard link', () => linkSync(join(folder, 'target'), path)],
  ['a folder', () => mkdirSync(path)],
  ['a pipe', () => expect(spawnSync('mkfifo', [path]).status).toBe(0)],
];

describe('an existing file', () => {
  it('is regular, ours, with one name and closed to others, or it is refused', () => {
    expect(files.check(path)).toBe(false);
    writeFileSync(path, 'text', { mode: 0o600 });
    expect([files.check(path), files.exists(path)]).toEqual([true, true]);
    const someoneElse = createFiles({ uid: uid + 1, pid: 1 }, () => {});
    expect(() => someoneElse.check(path)).toThrow(unsafe);
    expect(() => someoneElse.read(path, 100)).toThrow(unsafe);
    expect(notices).toEqual([]);
  });

  it.each(STRANGE)('is refused when it is %s', (_name, plant) => {
    writeFileSync(join(folder, 'target'), 'target', { mode: 0o600 });
    plant();
    expect(files.exists(path)).toBe(true);
    expect(() => files.check(path)).toThrow(unsafe);
    expect(() => files.read(path, 100)).toThrow(unsafe);
    expect(() => files.append(path, bytes('x'), 100, 2)).toThrow(unsafe);
    expect(() => files.replace(path, bytes('x'))).toThrow(unsafe);
    expect(files.create(path, bytes('x'))).toBe(false);
    expect(files.create(path, bytes(''))).toBe(false);
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('target');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    expect(here()).toEqual(['file', 'target']);
  });

  it.each([0o644, 0o660, 0o606, 0o777])('is closed to others if its mode is %o, with one notice', (mode) => {
    writeFileSync(path, 'text');
    chmodSync(path, mode);
    expect(files.read(path, 100)?.toString()).toBe('text');
    expect(modeOf(path)).toBe(0o600);
    expect(files.check(path)).toBe(true);
    expect(notices).toEqual([expect.stringMatching(/file was open to other users; its mode is now 600$/)]);
  });

  it('has neither owner nor mode on Windows', () => {
    writeFileSync(path, 'text');
    chmodSync(path, 0o644);
    expect(createFiles({ uid: undefined, pid: 1 }, () => {}).check(path)).toBe(true);
    expect(modeOf(path)).toBe(0o644);
  });

  it('is read completely, unless it is larger than the limit', () => {
    expect(files.read(path, 4)).toBeNull();
    writeFileSync(path, 'text', { mode: 0o600 });
    expect(files.read(path, 4)?.toString()).toBe('text');
    expect(() => files.read(path, 3)).toThrow(
      expect.objectContaining({ code: 'config_invalid', hint: expect.stringContaining(path) }),
    );
    expect(files.read(join(path, 'below-a-file'), 3)).toBeNull();
  });
});

describe('a new file', () => {
  it.each(['text', ''])(
    'contains %j and is 0600 whatever the umask, with nothing left beside it',
    (content) => {
      const before = process.umask(0);
      try {
        expect(files.create(path, bytes(content))).toBe(true);
      } finally {
        process.umask(before);
      }
      expect(readFileSync(path, 'utf8')).toBe(content);
      expect(modeOf(path)).toBe(0o600);
      expect(here()).toEqual(['file']);
      expect(files.create(path, bytes('other'))).toBe(false);
      expect(readFileSync(path, 'utf8')).toBe(content);
    },
  );

  it('is not made if there is no folder, or a file in its place', () => {
    expect(() => files.create(join(folder, 'none', 'file'), bytes('text'))).toThrow(unwritable);
    writeFileSync(path, 'text');
    expect(() => files.create(join(path, 'file'), bytes('text'))).toThrow(unwritable);
    expect(here()).toEqual(['file']);
  });

  it('is made despite the leftovers of a crashed process with the same pid', () => {
    writeFileSync(`${path}.4711-1.new`, 'left');
    expect(files.create(path, bytes('text'))).toBe(true);
    expect(here()).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toBe('text');
  });
});

describe('a finished file', () => {
  const finished = () => `${path}.new`;

  it('gets a free name', () => {
    writeFileSync(finished(), 'text', { mode: 0o600 });
    expect(files.publish(finished(), path)).toBe(true);
    expect(here()).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toBe('text');
  });

  it('does not get a taken name, and is removed', () => {
    writeFileSync(path, 'first');
    writeFileSync(finished(), 'second', { mode: 0o600 });
    expect(files.publish(finished(), path)).toBe(false);
    expect(here()).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toBe('first');
  });

  it.each(['.new', '.4711-3.new'])(
    'with both names, as after a crash, loses the one that ends in %s',
    (end) => {
      writeFileSync(path, 'text', { mode: 0o600 });
      linkSync(path, `${path}${end}`);
      writeFileSync(`${path}.other.new`, 'of another', { mode: 0o600 });
      expect(files.read(path, 100)?.toString()).toBe('text');
      expect(here()).toEqual(['file', 'file.other.new']);
    },
  );

  it('with any other second name is refused, and keeps it', () => {
    writeFileSync(path, 'text', { mode: 0o600 });
    linkSync(path, join(folder, 'other.new'));
    expect(() => files.check(path)).toThrow(unsafe);
    expect(here()).toEqual(['file', 'other.new']);
  });

  it('that is missing is an error', () => {
    expect(() => files.publish(finished(), path)).toThrow(unwritable);
  });
});

describe('replacing a file', () => {
  it('puts another in its place, 0600, with nothing left beside it', () => {
    for (const content of ['first', 'second']) {
      files.replace(path, bytes(content));
      expect(readFileSync(path, 'utf8')).toBe(content);
      expect(modeOf(path)).toBe(0o600);
    }
    expect(here()).toEqual(['file']);
  });

  it('keeps the old content for those who have opened it', () => {
    files.replace(path, bytes('first'));
    const { ino } = statSync(path);
    files.replace(path, bytes('second'));
    expect(statSync(path).ino).not.toBe(ino);
  });
});

describe('appending', () => {
  it('adds to the content, in a file of 0600', () => {
    const before = process.umask(0);
    try {
      for (const line of ['one\n', 'two\n']) files.append(path, bytes(line), 100, 3);
    } finally {
      process.umask(before);
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(modeOf(path)).toBe(0o600);
  });

  it('begins a new file before one exceeds the limit, and keeps the given number', () => {
    for (const line of ['1', '2', '3', '4', '5', '6', '7', '8', '9'])
      files.append(path, bytes(`${line}\n`), 4, 3);
    expect(here()).toEqual(['file', 'file.1', 'file.2']);
    expect(here().map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual([
      '9\n',
      '7\n8\n',
      '5\n6\n',
    ]);
  });
});

describe('removing', () => {
  it('does nothing if there is nothing, and removes a link, not its target', () => {
    files.remove(path);
    writeFileSync(join(folder, 'target'), 'target');
    symlinkSync(join(folder, 'target'), path);
    files.remove(path);
    expect(here()).toEqual(['target']);
  });

  it('does not remove a folder', () => {
    mkdirSync(path);
    expect(() => files.remove(path)).toThrow(unwritable);
    expect(here()).toEqual(['file']);
  });

  it('removes the files of interrupted writes beside a file, and no others', () => {
    const others = ['file', 'file.bak.new', 'file.new', 'other.1-1.new'];
    for (const name of [...others, 'file.4711-1.new', 'file.1-22.new']) writeFileSync(join(folder, name), '');
    files.removeLeftoverTemps(path);
    expect(here().sort()).toEqual(others.sort());
    files.removeLeftoverTemps(join(folder, 'none', 'file'));
  });
});
