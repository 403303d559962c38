import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileIdentity } from '../../../src/system/files/read-only.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-identity-'));
  path = join(folder, 'vault.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('the identity of a file is kept when it is written to, and moves with it', () => {
  expect(fileIdentity(path)).toBeNull();
  writeFileSync(path, 'one');
  const first = fileIdentity(path);
  appendFileSync(path, 'more');
  expect(fileIdentity(path)).toBe(first);
  writeFileSync(`${path}.new`, 'two');
  renameSync(`${path}.new`, path);
  expect(fileIdentity(path)).not.toBe(first);
  rmSync(path);
  expect(fileIdentity(path)).toBeNull();
  expect(fileIdentity(join(path, 'below', 'no', 'folder'))).toBeNull();
});
