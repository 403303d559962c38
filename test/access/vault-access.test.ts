import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type VaultAccess, type VaultAccessDeps, vaultAccess } from '../../src/access/vault-access.js';
import type { AuditEvent } from '../../src/domain/audit-events.js';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { KeySource } from '../../src/keysources/contract.js';
import { keyFileSource } from '../../src/keysources/key-file.js';
import { sqliteLocks } from '../../src/stores/locks.js';
import { rollbackMarks } from '../../src/stores/rollback-marks.js';
import { sqliteFactory } from '../../src/stores/sqlite-store.js';
import { systemClock as clock } from '../../src/system/clock.js';
import { createFiles } from '../../src/system/files/files.js';
import { resolvePaths } from '../../src/system/paths.js';
import type { Vault } from '../../src/vault/vault.js';
import { accountExample } from '../doubles/account.js';
import { ALICE } from '../harness/test-context.js';

let folder: string;
let opened: VaultAccess[];
let events: AuditEvent[];
let remembered: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-access-'));
  [opened, events, remembered] = [[], [], []];
});
afterEach(async () => {
  for (const access of opened) await access.close();
  rmSync(folder, { recursive: true, force: true });
});

const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});
const keyFile = () => join(folder, 'master.key');
const database = () => join(folder, 'vault.db');

/** As one process has it. */
function access(over: Partial<VaultAccessDeps> = {}): VaultAccess {
  const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: 'linux' }, null);
  const made = vaultAccess({
    paths,
    files,
    factory: sqliteFactory(paths, files, clock),
    locks: sqliteLocks(paths.locks, files, clock),
    clock,
    audit: { record: (event) => void events.push(event) },
    keySource: async () => source(),
    marks: async () => rollbackMarks(paths.marks, ['here', folder], files),
    notice: () => {},
    rememberKeySource: async ({ place }) => {
      remembered.push(`${place}, ${existsSync(database()) ? 'after' : 'before'} the vault`);
      return () => void remembered.pop();
    },
    ...over,
  });
  opened.push(made);
  return made;
}

const source = () => keyFileSource(keyFile(), files, keyFile());
const BORN = [
  { event: 'vault_created', key_source: 'file' },
  { event: 'configuration_changed', what: 'key_source' },
];
const never = () => Promise.reject(new Error('no key must be fetched here'));

async function add(vault: Vault, label: string): Promise<void> {
  const contents = { accessToken: new Secret('access-token-example'), refreshToken: null, idToken: null };
  await vault.add(accountExample({ label }), { ...contents, identity: { ...ALICE, subject: label } });
}

describe('opening the vault', () => {
  it('returns null where there is none, and makes nothing', async () => {
    expect(await access().open()).toBeNull();
    expect(existsSync(database())).toBe(false);
    expect(existsSync(keyFile())).toBe(false);
  });

  it('loads no key before something sealed is needed', async () => {
    await add(await access().openOrCreate(), 'a');
    const vault = await access({ keySource: never }).open();
    const [account] = (await vault?.accounts()) ?? [];
    expect(account?.label).toBe('a');
    const sealed = await vault?.account(account?.id ?? '');
    if (!vault || !sealed) throw new Error('the account is gone');
    await expect(vault.accessToken(sealed)).rejects.toThrow('no key must be fetched here');
  });

  it('is done once for calls at the same time', async () => {
    await access().openOrCreate();
    const once = access();
    const vaults = await Promise.all(Array.from({ length: 20 }, () => once.open()));
    expect(new Set(vaults).size).toBe(1);
  });

  it('is tried again after a failure', async () => {
    await access().openOrCreate();
    const bytes = readFileSync(database());
    writeFileSync(database(), 'this is no database at all, but long enough to be looked at as one');
    const again = access();
    await expect(again.open()).rejects.toMatchObject({ code: 'vault_damaged' });
    writeFileSync(database(), bytes);
    expect(await again.open()).not.toBeNull();
  });

  it('works again after it was closed', async () => {
    const one = access();
    await add(await one.openOrCreate(), 'a');
    await one.close();
    await one.close();
    expect(await (await one.open())?.accounts()).toHaveLength(1);
  });
});

describe('making a vault', () => {
  it('makes its key and configures the source before the vault has its name', async () => {
    const vault = await access().openOrCreate();
    expect(readFileSync(keyFile(), 'utf8')).toMatch(/^[\w-]{43}\n$/);
    expect(remembered).toEqual([`key file ${keyFile()}, before the vault`]);
    expect(events).toEqual(BORN);
    await add(vault, 'a');
    expect(await vault.accounts()).toHaveLength(1);
  });

  it('uses the key that the user has stored in the source', async () => {
    const key = `${Buffer.alloc(32, 9).toString('base64url')}\n`;
    writeFileSync(keyFile(), key, { mode: 0o600 });
    await add(await access().openOrCreate(), 'a');
    expect(readFileSync(keyFile(), 'utf8')).toBe(key);
  });

  it('is refused where a vault exists, and changes neither key nor source', async () => {
    await access().openOrCreate();
    const key = readFileSync(keyFile());
    await expect(access().create(source())).rejects.toMatchObject({
      code: 'vault_exists',
      message: `a vault already exists at ${database()}`,
      hint: 'vault list\nvault key status',
    });
    expect(readFileSync(keyFile()).equals(key)).toBe(true);
    expect(remembered).toHaveLength(1);
    expect(events).toEqual(BORN);
  });

  it('never makes a new key for a vault whose key is missing', async () => {
    await add(await access().openOrCreate(), 'a');
    unlinkSync(keyFile());
    const vault = await access().openOrCreate();
    await expect(add(vault, 'b')).rejects.toMatchObject({ code: 'key_missing' });
    expect(existsSync(keyFile())).toBe(false);
    expect(await vault.accounts()).toHaveLength(1);
  });

  it('distinguishes a wrong key from a missing one', async () => {
    await add(await access().openOrCreate(), 'a');
    writeFileSync(keyFile(), Buffer.alloc(32, 9).toString('base64url'));
    const vault = await access().openOrCreate();
    await expect(add(vault, 'b')).rejects.toMatchObject({ code: 'key_wrong' });
  });

  it('leaves nothing behind when the source returns another key', async () => {
    let loads = 0;
    const load = async () => {
      loads += 1;
      return Buffer.alloc(32, loads);
    };
    const lying: KeySource = { ...source(), load };
    await expect(access().create(lying)).rejects.toMatchObject({ code: 'key_unavailable' });
    expect(existsSync(database())).toBe(false);
    expect(remembered).toEqual([]);
  });

  it('records no change of a configuration that names the source already', async () => {
    await access({ rememberKeySource: async () => null }).openOrCreate();
    expect(events).toEqual([{ event: 'vault_created', key_source: 'file' }]);
  });

  it('leaves no vault behind when the source cannot be configured', async () => {
    const full = new VaultError('vault_not_writable', 'the disk is full');
    const failing = access({ rememberKeySource: () => Promise.reject(full) });
    await expect(failing.openOrCreate()).rejects.toMatchObject({
      code: 'vault_not_writable',
      message: 'the disk is full; nothing was left behind',
    });
    expect(existsSync(keyFile())).toBe(false);
    expect(existsSync(database())).toBe(false);
    expect(await (await access().openOrCreate()).accounts()).toEqual([]);
  });

  it('keeps its key after the vault has its name, whatever fails then', async () => {
    const paths = resolvePaths({ env: { VAULT_HOME: folder }, platform: 'linux' }, null);
    const real = sqliteFactory(paths, files, clock);
    const create: typeof real.create = async (...given) => {
      await (await real.create(...given)).close();
      throw new VaultError('vault_not_writable', 'the disk is full');
    };
    const failing = access({ factory: { ...real, create } });
    await expect(failing.create(source())).rejects.toMatchObject({ code: 'vault_not_writable' });
    await (await access().open())?.rehearse();
    expect(remembered).toHaveLength(1);
  });

  it('by two at once makes one, with one key, and both can use it', async () => {
    const vaults = await Promise.all(Array.from({ length: 6 }, () => access().openOrCreate()));
    for (const [index, vault] of vaults.entries()) await add(vault, `account-${index}`);
    for (const vault of vaults) {
      const accounts = await vault.accounts();
      expect(accounts).toHaveLength(6);
      for (const { id } of accounts) {
        const account = await vault.account(id);
        expect(account && (await vault.accessToken(account))?.reveal()).toBe('access-token-example');
      }
    }
    expect(events).toEqual(BORN);
  });

  it('by two calls of one process at once makes one', async () => {
    const one = access();
    const [first, second] = await Promise.all([one.openOrCreate(), one.openOrCreate()]);
    await add(first, 'a');
    await add(second, 'b');
    expect(await first.accounts()).toHaveLength(2);
  });
});
