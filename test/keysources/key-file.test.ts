import {
  chmodSync,
  copyFileSync,
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
import type { StoringKeySource } from '../../src/keysources/contract.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { createFiles } from '../../src/system/files/files.js';

const REFERENCE = 'any/master/1';
const key = Buffer.alloc(32, 3);
const written = `${key.toString('base64url')}\n`;

let folder: string;
let path: string;
let notices: string[];
let source: StoringKeySource;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-key-'));
  path = join(folder, 'master.key');
  notices = [];
  const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, (line) => void notices.push(line));
  source = keyFileSource(path, files);
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (of: string) => statSync(of).mode & 0o7777;

describe('a key file', () => {
  it('is deleted only when it is the vault’s own', async () => {
    await source.create(REFERENCE, key);
    expect(await source.remove(REFERENCE)).toBe(false);
    expect(readFileSync(path, 'latin1')).toBe(written);
    const own = keyFileSource(
      path,
      createFiles({ uid: process.getuid?.(), pid: 1 }, () => {}),
      path,
    );
    expect(await own.remove(REFERENCE)).toBe(true);
    expect(await own.remove(REFERENCE)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not keep a dropped key in the leftovers of an interrupted write', async () => {
    const [second, third] = [2, 3].map((version) => `${'ab'.repeat(16)}/master/${version}`) as [
      string,
      string,
    ];
    const own = keyFileSource(
      path,
      createFiles({ uid: process.getuid?.(), pid: 1 }, () => {}),
      path,
    );
    await own.create(REFERENCE, key);
    await own.createBeside(second, Buffer.alloc(32, 4));
    copyFileSync(path, `${path}.4711-1.new`);
    await own.drop(REFERENCE, second);
    expect(readdirSync(folder)).toEqual(['master.key']);
    await own.createBeside(third, Buffer.alloc(32, 5));
    await own.drop(second, third);
    copyFileSync(path, `${path}.4711-2.new`);
    await own.remove(third);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('accepts no more keys than it can be read with', async () => {
    await source.create(REFERENCE, key);
    const fill = async () => {
      for (let version = 2; version < 100; version += 1)
        await source.createBeside(`${'ab'.repeat(16)}/master/${version}`, key);
    };
    await expect(fill()).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect(await source.load(REFERENCE)).toEqual(key);
  });

  it('is configured by its path unless it is the default one', () => {
    const files = createFiles({ uid: undefined, pid: 1 }, () => {});
    expect(keyFileSource('/a/k', files, '/a/k').setting).toEqual({ kind: 'file', path: null });
    expect(keyFileSource('/b/k', files, '/a/k').setting).toEqual({ kind: 'file', path: '/b/k' });
  });

  it('is 43 characters and a line break, 0600 whatever the umask', async () => {
    const before = process.umask(0);
    try {
      await source.create(REFERENCE, key);
    } finally {
      process.umask(before);
    }
    expect(readFileSync(path, 'latin1')).toBe(written);
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['master.key']);
  });

  it('does not change the mode of an existing folder', async () => {
    chmodSync(folder, 0o755);
    await source.create(REFERENCE, key);
    expect(modeOf(folder)).toBe(0o755);
    expect(notices).toEqual([]);
  });

  it('gets a folder of mode 0700 where there is none', async () => {
    const deep = join(folder, 'a', 'b', 'master.key');
    await keyFileSource(
      deep,
      createFiles({ uid: process.getuid?.(), pid: 1 }, () => {}),
    ).create(REFERENCE, key);
    expect([modeOf(join(folder, 'a')), modeOf(join(folder, 'a', 'b'))]).toEqual([0o700, 0o700]);
  });

  it('that others could read is closed to them, with a notice', async () => {
    writeFileSync(path, written);
    chmodSync(path, 0o644);
    expect(await source.load(REFERENCE)).toEqual(key);
    expect(modeOf(path)).toBe(0o600);
    expect(notices).toEqual([expect.stringContaining(path)]);
  });

  it('is not read when it is a link, a hard link, a folder, or another user’s', async () => {
    const elsewhere = join(folder, 'elsewhere');
    const refused = expect.objectContaining({
      code: 'vault_permissions',
      hint: expect.stringContaining(path),
    });
    writeFileSync(elsewhere, written, { mode: 0o600 });

    symlinkSync(elsewhere, path);
    await expect(source.load(REFERENCE)).rejects.toThrow(refused);
    rmSync(path);
    linkSync(elsewhere, path);
    await expect(source.load(REFERENCE)).rejects.toThrow(refused);
    rmSync(path);
    mkdirSync(path);
    await expect(source.load(REFERENCE)).rejects.toThrow(refused);
    rmSync(path, { recursive: true });

    writeFileSync(path, written, { mode: 0o600 });
    const someoneElse = createFiles({ uid: (process.getuid?.() ?? 0) + 1, pid: 1 }, () => {});
    await expect(keyFileSource(path, someoneElse).load(REFERENCE)).rejects.toThrow(refused);
    expect(await source.load(REFERENCE)).toEqual(key);
  });

  it('is never written through a link', async () => {
    const target = join(folder, 'target');
    symlinkSync(target, path);
    await expect(source.create(REFERENCE, key)).rejects.toThrow(
      expect.objectContaining({ code: 'vault_exists' }),
    );
    expect(readdirSync(folder)).toEqual(['master.key']);
  });

  it('that is much too large is refused without reading', async () => {
    writeFileSync(path, written.repeat(200), { mode: 0o600 });
    await expect(source.load(REFERENCE)).rejects.toThrow(
      expect.objectContaining({ code: 'key_wrong', exitCode: 6 }),
    );
  });

  it('that got its name just before a crash is complete, and is used', async () => {
    writeFileSync(path, written, { mode: 0o600 });
    linkSync(path, `${path}.4711-1.new`);
    expect(await source.load(REFERENCE)).toEqual(key);
    expect(readdirSync(folder)).toEqual(['master.key']);
  });

  it('of which a crash left only a temporary file does not exist', async () => {
    writeFileSync(`${path}.4711-1.new`, written.slice(0, 20), { mode: 0o600 });
    await expect(source.load(REFERENCE)).rejects.toThrow(expect.objectContaining({ code: 'key_missing' }));
    await source.create(REFERENCE, key);
    expect(await source.load(REFERENCE)).toEqual(key);
  });
});
