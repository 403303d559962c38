import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyring } from '../../src/vault/keyring.js';
import { keyCheckValue } from '../../src/vault/master-key.js';
import { tamper } from '../harness/tamper.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

const found = async (check: string, over = {}) => (await stage.examine(over))[check] ?? [];

describe('a vault without problems', () => {
  it('passes every check, and is not changed', async () => {
    await stage.add();
    stage.configure({ keySource: 'file' });
    const before = statSync(stage.paths.database);
    const all = Object.values(await stage.examine()).flat();
    expect(all.filter(({ status }) => status === 'problem' || status === 'warning')).toEqual([
      expect.objectContaining({ message: expect.stringContaining("unknown provider 'demo'") }),
    ]);
    expect(statSync(stage.paths.database)).toMatchObject({ mtimeMs: before.mtimeMs, mode: before.mode });
  });
});

describe('no vault', () => {
  it('is no problem, and the next command is printed', async () => {
    rmSync(stage.paths.database);
    rmSync(stage.paths.marks, { recursive: true });
    const all = await stage.examine();
    expect(
      Object.values(all)
        .flat()
        .filter(({ status }) => status === 'problem'),
    ).toEqual([]);
    expect(all['database']).toEqual([expect.objectContaining({ status: 'skipped', remedy: 'vault init' })]);
    expect(told(all['key_source'])[0]).toContain(`its key will be in the key file ${stage.paths.keyFile}`);
  });
});

describe('the configuration', () => {
  it('is reported where a former name or a default account leads nowhere', async () => {
    await stage.add({ provider: 'google', label: 'a' });
    stage.configure({
      keySource: 'file',
      aliases: { 'google/a': 'google/b', 'google/old': 'google/gone', 'google/was': 'google/a' },
      defaultAccounts: ['google/gone'],
    });
    expect((await found('configuration')).filter(({ status }) => status === 'warning')).toEqual([
      expect.objectContaining({ remedy: 'vault rename --remove-alias google/a' }),
      expect.objectContaining({
        message: 'the former name google/old leads to google/gone, which is not in the vault',
        remedy: 'vault rename --remove-alias google/old',
      }),
      expect.objectContaining({ remedy: 'vault default --remove google/gone' }),
    ]);
  });

  it('is reported with the wrong field, and the other checks continue', async () => {
    await stage.add();
    stage.configure({ keySource: 'file', providers: { google: { redirectPort: 'many' } } });
    const all = await stage.examine();
    expect(all['configuration']?.[0]).toMatchObject({ status: 'problem', code: 'config_invalid' });
    expect(told(all['configuration'])[0]).toContain('providers.google.redirectPort');
    expect(told(all['clients'])).toEqual(['skipped: the configuration cannot be read']);
    expect(told(all['key_source'])[0]).toMatch(/^ok: .*opens this vault$/);
    expect(told(all['database'])).toContain('ok: all encrypted fields of 1 account can be opened');
  });

  it('is reported with the invalid line of .env', async () => {
    stage.put('.env', 'GOOGLE_CLIENT_ID=a\nnot a line\n');
    expect(told(await found('configuration'))[1]).toMatch(
      /^problem: .*\.env has a line that is not NAME=value, line 2/,
    );
  });

  it('warns of a variable in .env that is mistyped, and says which was meant', async () => {
    stage.put('.env', 'GOOGLE_CLIENTID=a\nNODE_ENV=production\n');
    expect((await found('configuration')).slice(2)).toEqual([
      expect.objectContaining({ status: 'warning', remedy: 'did you mean GOOGLE_CLIENT_ID?' }),
    ]);
  });

  it('reports a missing file named by --settings', async () => {
    const [, environment] = await found('configuration', { envFile: join(stage.folder, 'missing.env') });
    expect(environment).toMatchObject({ status: 'problem', code: 'config_invalid' });
  });
});

describe('the key source', () => {
  it('distinguishes a missing key, a wrong key and an invalid key', async () => {
    await stage.add();
    const codes = async () => (await found('key_source')).map(({ code }) => code);
    stage.put('master.key', Buffer.alloc(32, 9).toString('base64url'));
    expect(await codes()).toEqual(['key_wrong']);
    stage.put('master.key', 'no key');
    expect(await codes()).toEqual(['key_wrong']);
    rmSync(stage.paths.keyFile);
    expect(await codes()).toEqual(['key_missing']);
    expect(told(await found('database'))).toContain(
      'skipped: the encrypted fields were not checked, because no key is available',
    );
  });

  it('reports for each source whether it opens the vault', async () => {
    const store = await stage.factory.open();
    const head = await store.head();
    const [row] = head.masterKeys;
    if (row === undefined) throw new Error('a vault has a master key');
    const reference = row.reference.replace(/1$/, '2');
    const master = Buffer.alloc(32, 8);
    const wrapped = openKeyring(head, row, Buffer.from(stage.key, 'base64url')).wrapFor(reference, master);
    const checkValue = keyCheckValue(head.vaultId, reference, master);
    await store.addMasterKey(
      { ...row, reference, source: 'credential', checkValue },
      wrapped,
      (ledger) => ledger,
    );
    await store.close();

    expect(told(await found('key_source'))).toEqual([
      `ok: the key file ${stage.paths.keyFile} opens this vault`,
      expect.stringMatching(/^skipped: not in use: there is no systemd credential/),
    ]);
    stage.env['CREDENTIALS_DIRECTORY'] = stage.folder;
    stage.put('token-vault-master-key', stage.key);
    expect((await found('key_source'))[1]).toMatchObject({ status: 'warning' });
    stage.put('token-vault-master-key', master.toString('base64url'));
    expect(told(await found('key_source'))[1]).toMatch(
      /^ok: .* opens this vault as well, but is not in use$/,
    );
    rmSync(stage.paths.keyFile);
    const all = await stage.examine();
    expect(all['key_source']?.map(({ status }) => status)).toEqual(['problem', 'ok']);
    expect(told(all['database'])).toContain('ok: it has no accounts yet');
  });
});

describe('the keychain', () => {
  const useIt = () => {
    tamper(stage.paths.database, "UPDATE master_keys SET source = 'keychain'");
    stage.configure({ keySource: 'keychain' });
    stage.env['DBUS_SESSION_BUS_ADDRESS'] = `unix:path=${stage.folder}/no-bus`;
  };

  it('is skipped for a vault whose key is elsewhere', async () => {
    expect(told(await found('keychain'))).toEqual(['skipped: no key of this vault is in a keychain']);
    stage.configure({ keySource: 'keychain' });
    const all = await stage.examine();
    expect(told(all['keychain'])).toEqual(['skipped: no key of this vault is in a keychain']);
    expect(all['key_source']?.[0]).toMatchObject({ code: 'key_missing', remedy: 'vault key use file' });
  });

  it.runIf(process.platform === 'linux')('that cannot be reached is one problem, not two', async () => {
    useIt();
    const all = await stage.examine();
    expect(all['keychain']).toEqual([
      expect.objectContaining({ status: 'problem', code: 'session_bus_missing' }),
    ]);
    expect(told(all['key_source'])).toEqual([
      'skipped: the key could not be tried: see the check of the keychain',
    ]);
  });

  it.runIf(process.platform === 'linux')('is looked at before there is a vault that needs it', async () => {
    useIt();
    rmSync(stage.paths.database);
    rmSync(stage.paths.marks, { recursive: true });
    const all = await stage.examine();
    const remedy = 'vault init --key-source file';
    expect(all['keychain']).toEqual([expect.objectContaining({ status: 'warning', remedy })]);
    expect(all['database']).toEqual([expect.objectContaining({ status: 'skipped', remedy })]);
  });
});

describe('permissions', () => {
  it('reports files and folders that are open to others, with a command', async () => {
    stage.put('.env', 'A=b\n');
    stage.put('security.log.1', '');
    mkdirSync(join(stage.folder, 'spill'), { mode: 0o700 });
    for (const [name, mode] of [
      ['vault.db', 0o644],
      ['.env', 0o640],
      ['master.key', 0o604],
      ['security.log.1', 0o666],
      ['spill', 0o755],
      ['marks', 0o750],
    ] as const) {
      const path = join(stage.folder, name);
      chmodSync(path, mode);
      const findings = await found('permissions');
      expect(findings).toEqual([
        expect.objectContaining({
          status: 'problem',
          code: 'vault_permissions',
          message: `other users can access ${path} (mode ${mode.toString(8)})`,
          remedy: `chmod ${name.includes('.') ? '600' : '700'} ${path}`,
        }),
      ]);
      expect(statSync(path).mode & 0o777).toBe(mode);
      chmodSync(path, name.includes('.') ? 0o600 : 0o700);
    }
    expect(told(await found('permissions'))[0]).toMatch(/^ok/);
  });

  it('reports links in place of files, and files with two names', async () => {
    const aside = join(stage.folder, 'aside');
    renameSync(stage.paths.keyFile, aside);
    symlinkSync(aside, stage.paths.keyFile);
    expect(told(await found('permissions'))).toEqual([expect.stringContaining('is a symbolic link')]);
    rmSync(stage.paths.keyFile);
    linkSync(aside, stage.paths.keyFile);
    expect(told(await found('permissions'))).toEqual([expect.stringContaining('has a second name')]);
  });

  it('reports a folder above the vault that others can write to', async () => {
    const above = join(stage.folder, 'above');
    mkdirSync(above);
    const file = join(above, 'key');
    writeFileSync(file, '', { mode: 0o600 });
    stage.configure({ keySource: { kind: 'file', path: file } });
    for (const mode of [0o777, 0o770]) {
      chmodSync(above, mode);
      expect(await found('permissions')).toEqual([
        expect.objectContaining({ status: 'problem', remedy: `chmod go-w '${above}'` }),
      ]);
    }
    chmodSync(above, 0o1777);
    expect((await found('permissions')).map(({ status }) => status)).toEqual(['ok']);
  });

  it.skipIf(process.getuid?.() !== 0)('finds files of another user', async () => {
    const { chownSync } = await import('node:fs');
    chownSync(stage.paths.keyFile, 12_345, 0);
    expect(await found('permissions')).toEqual([
      expect.objectContaining({ status: 'problem', remedy: `sudo chown 0 ${stage.paths.keyFile}` }),
    ]);
    expect((await found('key_source'))[0]).toMatchObject({ code: 'vault_permissions' });
  });
});
