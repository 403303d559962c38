import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEY_SOURCE_KINDS } from '../../src/config/key-source.js';
import type { VaultError } from '../../src/domain/errors.js';
import { commandSource } from '../../src/keysources/command.js';
import type { KeySourceKind, KeySourceSetting } from '../../src/keysources/contract.js';
import { CREDENTIAL_NAME, credentialSource } from '../../src/keysources/credential.js';
import { KEY_SOURCES, keySourceFor } from '../../src/keysources/index.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { keychainSource } from '../../src/keysources/os-keychain.js';
import { createFiles } from '../../src/system/files/files.js';
import { readCredential } from '../../src/system/files/secret-input.js';
import { keySourceContract, storingKeySourceContract } from '../contracts.js';
import { keychainDouble } from '../doubles/keychain.js';

const uid = process.getuid?.();

storingKeySourceContract('file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-key-'));
  const path = join(folder, 'keys', 'master.key');
  return {
    source: keyFileSource(
      path,
      createFiles({ uid, pid: process.pid }, () => {}),
      path,
    ),
    plant(_reference, text) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, text, { mode: 0o600 });
    },
    close: () => rmSync(folder, { recursive: true }),
  };
});

storingKeySourceContract('keychain', () => {
  const keychain = keychainDouble();
  return {
    source: keychainSource(keychain),
    plant: (reference, text) => void keychain.items.set(`token-vault, ${reference}`, text),
    close: () => {},
  };
});

keySourceContract('credential', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-credentials-'));
  return {
    source: credentialSource(null, { folder, read: async (path, limit) => readCredential(path, limit, uid) }),
    plant: (_reference, text) => writeFileSync(join(folder, CREDENTIAL_NAME), text, { mode: 0o400 }),
    close: () => rmSync(folder, { recursive: true }),
  };
});

keySourceContract('command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-command-'));
  const path = join(folder, 'printed');
  return {
    source: commandSource(['print-key'], null, {
      defaultTimeout: () => 1_000,
      configFile: null,
      run: async () => {
        try {
          return { kind: 'ended', exitCode: 0, stdout: readFileSync(path) };
        } catch {
          return { kind: 'ended', exitCode: 1, stdout: Buffer.alloc(0) };
        }
      },
    }),
    plant: (_reference, text) => writeFileSync(path, text),
    // A program that fails does not say what it lacks.
    absent: 'key_unavailable',
    close: () => rmSync(folder, { recursive: true }),
  };
});

const SETTINGS: { readonly [Kind in KeySourceKind]: KeySourceSetting } = {
  keychain: { kind: 'keychain' },
  file: { kind: 'file', path: '/example/other.key' },
  credential: { kind: 'credential', name: 'example' },
  command: { kind: 'command', command: ['pass', 'show', 'example'], timeout: 5_000 },
  passphrase: { kind: 'passphrase', file: '/example/passphrase' },
};

describe('a command that prints no key', () => {
  it.each([
    ['/example/config.json', 'under keySource in /example/config.json'],
    [null, ''],
  ])('is reported with where it is configured: %s', async (configFile, where) => {
    const run = (kind: 'not_found' | 'timed_out' | 'too_much') =>
      commandSource(['print-key'], null, {
        run: async () => ({ kind }),
        defaultTimeout: () => 1_000,
        configFile,
      });
    for (const kind of ['not_found', 'timed_out', 'too_much'] as const) {
      const { hint = '' } = (await run(kind)
        .load('')
        .catch((failure: unknown) => failure)) as VaultError;
      expect(hint).toContain(where);
      expect(hint.includes('config.json')).toBe(configFile !== null);
    }
  });
});

describe('the program of a command that cannot be run', () => {
  it.each([
    ['/opt/print-key', 'not_found', "ls -l '/opt/print-key'"],
    ['/opt/print-key', 'not_executable', "ls -l '/opt/print-key'"],
    ['print-key', 'not_found', 'command -v print-key'],
    ['print-key', 'not_executable', "type -a 'print-key'"],
  ] as const)('is named by its path: %s, %s', async (program, kind, step) => {
    const parts = { run: async () => ({ kind }), defaultTimeout: () => 1_000, configFile: null };
    const loading = commandSource([program], null, parts).load('');
    await expect(loading).rejects.toMatchObject({ hint: expect.stringContaining(`: ${step}`) });
  });
});

describe('the list of key sources', () => {
  it('has a member for every kind, with its setting', async () => {
    expect(Object.keys(KEY_SOURCES).sort()).toEqual([...KEY_SOURCE_KINDS].sort());
    const never = () => Promise.reject(new Error('must not be called here'));
    for (const kind of KEY_SOURCE_KINDS) {
      const source = await keySourceFor(SETTINGS[kind], {
        files: createFiles({ uid: undefined, pid: 1 }, () => {}),
        keychain: keychainDouble,
        isFirstRun: () => false,
        keyFile: '/example/master.key',
        credential: { folder: undefined, read: never },
        command: { run: never, defaultTimeout: () => 1, configFile: null },
        passphrase: async () => ({ ask: never, place: 'passphrase' }),
      });
      expect([source.kind, source.setting]).toEqual([kind, SETTINGS[kind]]);
      expect(source.path).toBe(kind === 'file' ? '/example/other.key' : null);
    }
  });
});
