import {
  chownSync,
  lstatSync,
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
import { afterEach, beforeEach, expect, it } from 'vitest';
import { othersFiles } from '../../../src/system/files/others-files.js';

const STRANGER = 61_001;
const uid = process.getuid?.();
const others = othersFiles(uid, process.pid);
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-others-'));
  file = join(folder, 'config');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a replaced file keeps its mode, and leaves nothing beside it', () => {
  writeFileSync(file, 'before', { mode: 0o644 });
  others.write(file, Buffer.from('after'), 0o600);
  expect(statSync(file).mode & 0o777).toBe(0o644);
  expect(readFileSync(file, 'utf8')).toBe('after');
  expect(readdirSync(folder)).toEqual(['config']);
});

it('a new file has the mode that was asked for, in a folder that is made', () => {
  const deep = join(folder, 'a', 'b', 'config');
  others.write(deep, Buffer.from('new'), 0o600);
  expect(statSync(deep).mode & 0o777).toBe(0o600);
});

it('a link to a file stays a link, and the file itself is replaced', () => {
  const target = join(folder, 'dotfiles');
  writeFileSync(target, 'before');
  symlinkSync(target, file);
  others.write(file, Buffer.from('after'), 0o600);
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('after');
});

it.skipIf(uid !== 0)('a file of another user is not replaced', () => {
  writeFileSync(file, 'theirs');
  chownSync(file, STRANGER, STRANGER);
  expect(() => others.write(file, Buffer.from('ours'), 0o600)).toThrow(/belongs to another user/);
  expect(readFileSync(file, 'utf8')).toBe('theirs');
});
