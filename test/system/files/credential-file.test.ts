import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCredential } from '../../../src/system/files/secret-input.js';

const uid = process.getuid?.();
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-credential-'));
  path = join(folder, 'credential');
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = (what: string) =>
  expect.objectContaining({ code: 'vault_permissions', message: expect.stringContaining(what) });

describe('a credential', () => {
  it.each([0o400, 0o440, 0o600])(
    'is read with the mode of the service manager, %o, which is kept',
    (mode) => {
      writeFileSync(path, 'content', { mode });
      expect(readCredential(path, 100, uid)?.toString()).toBe('content');
      expect(statSync(path).mode & 0o777).toBe(mode);
    },
  );

  it.each([0o404, 0o444, 0o420, 0o460, 0o644])('with mode %o is refused, and not changed', (mode) => {
    writeFileSync(path, 'content');
    chmodSync(path, mode);
    expect(() => readCredential(path, 100, uid)).toThrow(refused('is open to other users'));
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  it('of root is accepted like one’s own, but not of another user', (context) => {
    writeFileSync(path, 'content', { mode: 0o400 });
    if (uid !== 0) return context.skip('needs root');
    expect(readCredential(path, 100, 1_000)?.toString()).toBe('content');
    chownSync(path, 1_001, 0);
    expect(() => readCredential(path, 100, 1_000)).toThrow(refused('belongs to another user'));
  });

  it('is no link, no folder, and not larger than the limit', () => {
    expect(readCredential(path, 100, uid)).toBeNull();
    writeFileSync(`${path}.other`, 'content', { mode: 0o400 });
    symlinkSync(`${path}.other`, path);
    expect(() => readCredential(path, 100, uid)).toThrow(refused('is a symbolic link'));
    expect(() => readCredential(folder, 100, uid)).toThrow(refused('is not a regular file'));
    // Whoever copies what stands after the colon has the whole command, and nothing else.
    const hint = expect.stringMatching(new RegExp(`: ls -ld '${folder}'$`));
    expect(() => readCredential(folder, 100, uid)).toThrow(expect.objectContaining({ hint }));
    expect(() => readCredential(`${path}.other`, 6, uid)).toThrow(
      expect.objectContaining({ code: 'key_wrong' }),
    );
  });
});
