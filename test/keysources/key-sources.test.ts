import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEY_SOURCE_KINDS } from '../../src/keysources/contract.js';
import { KEY_SOURCES } from '../../src/keysources/index.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { createFiles } from '../../src/system/files.js';
import { keySourceContract } from '../contracts.js';
import { keychainDouble } from '../doubles/keychain.js';

keySourceContract('file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-key-'));
  const path = join(folder, 'keys', 'master.key');
  return {
    source: keyFileSource(
      path,
      createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {}),
    ),
    plant(_reference, text) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, text, { mode: 0o600 });
    },
    close: () => rmSync(folder, { recursive: true }),
  };
});

keySourceContract('keychain', () => {
  const keychain = keychainDouble();
  return {
    source: keychainSource(keychain),
    plant: (reference, text) => void keychain.items.set(`token-vault, ${reference}`, text),
    close: () => {},
  };
});

describe('the list of key sources', () => {
  it('has a member for every kind, and each knows its own', () => {
    expect(Object.keys(KEY_SOURCES).sort()).toEqual([...KEY_SOURCE_KINDS].sort());
    const files = createFiles({ uid: undefined, pid: 1 }, () => {});
    for (const kind of KEY_SOURCE_KINDS) {
      const source = KEY_SOURCES[kind]({ files, keychain: keychainDouble, keyFile: '/example/master.key' });
      expect(source.kind).toBe(kind);
      expect(source.path).toBe(kind === 'file' ? '/example/master.key' : null);
    }
  });
});
