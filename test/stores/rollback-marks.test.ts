import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { marksWith } from '../../src/access/marks.js';
import { machineIdentity } from '../../src/system/machine.js';
import { type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(() => {
  folder = vaultFolder();
});
afterEach(() => folder.remove());

const mark = Buffer.from('a mark');

describe('the marks outside the database', () => {
  it('are private files that are overwritten in place', async () => {
    const marks = await folder.marks();
    expect(marks.read('place')).toBeNull();
    marks.create('place', mark);
    expect(marks.read('place')).toEqual(mark);
    const file = join(marks.folder, 'place');
    const before = statSync(file);
    marks.overwrite('place', Buffer.from('a moved'));
    expect(marks.read('place')?.toString()).toBe('a moved');
    expect(statSync(file)).toMatchObject({ ino: before.ino, mode: 0o100600 });
    expect(statSync(marks.folder).mode & 0o777).toBe(0o700);
  });

  it('are not created by overwriting, and not written through a link', async () => {
    const marks = await folder.marks();
    const unwritable = expect.objectContaining({ code: 'vault_not_writable' });
    marks.create('other', mark);
    expect(() => marks.overwrite('place', mark)).toThrow(unwritable);
    const target = join(folder.home, 'target');
    writeFileSync(target, 'untouched');
    symlinkSync(target, join(marks.folder, 'place'));
    expect(() => marks.overwrite('place', mark)).toThrow(unwritable);
    expect(() => marks.read('place')).toThrow(expect.objectContaining({ code: 'vault_permissions' }));
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });
});

describe('the identity of the machine', () => {
  const own = () => join(folder.home, 'machine');
  const identity = (...systemFiles: readonly string[]) => machineIdentity(folder.files, own(), systemFiles);
  const systemFile = (content: string) => {
    const file = join(folder.home, 'machine-id');
    writeFileSync(file, content);
    return file;
  };

  it('is the machine id if the system has one', () => {
    const id = '0123456789abcdef0123456789abcdef';
    expect(identity('/nonexistent/machine-id', systemFile(`${id}\n`))).toBe(id);
    expect(folder.files.exists(own())).toBe(false);
  });

  it.each(['uninitialized\n', '', 'not a machine id'])(
    'is made once if the system has none: %j',
    (content) => {
      const first = identity(systemFile(content));
      expect(first).toMatch(/^[0-9a-f]{32}$/);
      expect(identity(systemFile(content))).toBe(first);
      expect(statSync(own()).mode & 0o777).toBe(0o600);
    },
  );
});

describe('the second marks', () => {
  /** The marks of the folder's vault for somebody with this home. */
  const seconds = async (home: string, at: string) => {
    const secondMarks = { home, folder: at, apart: folder.paths.data };
    return (await marksWith({ ...folder.paths, secondMarks }, folder.files)).second;
  };

  it('are private files in an existing home, and none in a missing one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'vault-home-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const second = await seconds(home, join(home, 'state', 'second-marks'));
    second?.write('place', mark);
    second?.write('place', Buffer.from('a moved'));
    expect(second?.read('place')?.toString()).toBe('a moved');
    expect(statSync(join(home, 'state', 'second-marks', 'place')).mode).toBe(0o100600);
    const nowhere = join(home, 'nowhere');
    const none = await seconds(nowhere, join(nowhere, 'second-marks'));
    none?.write('place', mark);
    expect(none?.read('place')).toBeNull();
    expect(existsSync(nowhere)).toBe(false);
  });

  it('are not kept within a folder that may be restored as a whole', async () => {
    const within = folder.paths.data;
    expect(await seconds(within, join(within, '.local', 'second-marks'))).toBeUndefined();
    const home = mkdtempSync(join(tmpdir(), 'vault-home-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    symlinkSync(within, join(home, 'link'));
    expect(await seconds(join(home, 'link'), join(home, 'link', 'second-marks'))).toBeUndefined();
  });

  it('that cannot be used are ignored', async () => {
    const home = mkdtempSync(join(tmpdir(), 'vault-home-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const second = await seconds(home, join(home, 'second-marks'));
    writeFileSync(join(home, 'second-marks'), 'no folder');
    second?.write('place', mark);
    expect(second?.read('place')).toBeNull();
  });
});
