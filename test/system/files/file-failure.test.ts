import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { notAFile, notWritable } from '../../../src/system/files/file-failure.js';
import { lstatOrNull } from '../../../src/system/files/trusted-path.js';
import { needs } from '../../harness/parts.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-failure-'));
  path = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const failureOf = (code: string) => Object.assign(new Error('the words of the system'), { code });
const type = (command: string) => execFileSync('sh', ['-c', command], { stdio: 'pipe' }).toString();

describe('the hint of a file that cannot be written', () => {
  it.each([
    ['ENOSPC', 'the disk is full', () => `df -h '${folder}'`],
    ['EDQUOT', 'the disk quota is used up', () => 'quota -s'],
    ['EROFS', 'the file system is read-only', () => `df '${folder}'; mount`],
    ['EACCES', 'permission is denied', () => `ls -ld '${folder}'`],
    ['ENOENT', 'the system refuses (ENOENT)', () => `df -h '${folder}'; ls -ld '${folder}'`],
    ['EWHATEVER', 'the system refuses (EWHATEVER)', () => `df -h '${folder}'; ls -ld '${folder}'`],
  ])('for %s is a command that can be typed', (code, why, command) => {
    expect(notWritable(path, failureOf(code))).toMatchObject({
      message: `${path} cannot be written: ${why}`,
      hint: command(),
    });
  });

  it('makes the folder where there is none', () => {
    const { message, hint } = notWritable(join(path, 'deeper'), failureOf('ENOENT'));
    expect(message).toMatch(/its folder does not exist$/);
    expect(hint).toBe(`mkdir -p '${path}'`);
  });

  it('names the file only if it exists, and only an existing folder', () => {
    const refused = () => notWritable(path, failureOf('EACCES')).hint ?? '';
    expect(type(refused())).not.toContain('file');
    writeFileSync(path, '');
    expect(refused()).toBe(`ls -ld '${folder}' '${path}'`);
    const below = notWritable(join(path, 'a', 'b'), failureOf('ENOTDIR')).hint ?? '';
    expect(below).toBe(`ls -ld '${path}'`);
    expect(type(below)).toContain(path);
  });

  it('ends with its command, after any other text', () => {
    mkdirSync(path);
    const hints = [notAFile(path).hint, notWritable(path, failureOf('EIO')).hint];
    for (const hint of hints) expect(type((hint ?? '').replace(/^.*: /, ''))).not.toBe('');
  });
});

describe('a folder that the user has no permission to enter', () => {
  beforeEach((context) => needs(context, 'another user'));
  /** A user whom every system has. */
  const NOBODY = 65_534;
  const asNobody = (look: () => unknown): unknown => {
    process.seteuid?.(NOBODY);
    try {
      return look();
    } catch (failure) {
      return failure;
    } finally {
      process.seteuid?.(0);
    }
  };

  it.each([
    ['of our own is named with the command that opens it', NOBODY, 'chmod 700'],
    ['of another user is named, to be looked at', 0, 'ls -ld'],
  ])('%s', (_, owner, command) => {
    const closed = join(folder, 'closed');
    mkdirSync(join(closed, 'inner'), { recursive: true });
    chmodSync(folder, 0o711);
    execFileSync('chown', ['-R', String(owner), closed]);
    chmodSync(closed, 0o600);
    const failure = asNobody(() => lstatOrNull(join(closed, 'inner', 'vault.db')));
    expect(failure).toBeInstanceOf(VaultError);
    expect(failure).toMatchObject({
      code: 'vault_permissions',
      message: `${join(closed, 'inner', 'vault.db')} cannot be accessed: you have no permission to enter the folder ${closed}`,
      hint: `${command} '${closed}'`,
    });
    expect(lstatSync(closed).mode & 0o777).toBe(0o600);
  });
});
