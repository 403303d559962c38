import { chmodSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createChecks } from '../../../src/system/files/files.js';

let root: string;
let notices: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vault-checks-'));
  notices = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const checks = () => createChecks(process.geteuid?.(), (line) => void notices.push(line));

/** As SQLite takes its journal away with every commit. */
it('a loosely protected file may be removed by another process during the check', () => {
  const path = join(root, 'journal');
  writeFileSync(path, '');
  chmodSync(path, 0o644);
  const seen = lstatSync(path);
  rmSync(path);
  expect(() => checks().file(path, seen)).not.toThrow();
  expect(notices).toEqual([]);
});

it('a loosely protected file whose mode cannot be changed is refused', () => {
  const path = join(root, 'file');
  writeFileSync(path, '');
  chmodSync(path, 0o644);
  const below = join(path, 'below');
  expect(() => checks().file(below, lstatSync(path))).toThrow(
    expect.objectContaining({ code: 'vault_permissions' }),
  );
  expect(notices).toEqual([]);
});
