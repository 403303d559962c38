import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyChoice } from '../../src/access/key-sources-rest.js';
import { key } from '../../src/commands/key.js';
import {
  showExported,
  showImported,
  showRotated,
  showRotatedData,
  showStatus,
  showUsed,
} from '../../src/commands/key-view.js';
import type { Context } from '../../src/context.js';
import { DAY } from '../../src/domain/duration.js';
import { addKey } from '../../src/services/keys/add.js';
import type { MasterKeyView } from '../../src/services/keys/changes.js';
import type { KeyStatus } from '../../src/services/keys/status.js';
import type { Io } from '../../src/ui/io.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { type KeyTest, keyTest } from '../services/keys/key-test.js';
import { inputOf } from './raw.js';

const vaultId = 'ab'.repeat(16);
const view = (over: Partial<MasterKeyView> = {}): MasterKeyView => ({
  source: 'file',
  reference: `${vaultId}/master/2`,
  createdAt: NOW - DAY,
  place: 'key file /home/alice/master.key',
  inUse: false,
  ...over,
});
const keychain = view({
  source: 'keychain',
  reference: `${vaultId}/master/1`,
  place: 'OS keychain',
  inUse: true,
});
const nothing = { file: null, descriptor: null };

function shown(show: (io: Io) => void, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  show(io);
  return written;
}

describe('the command line of vault key', () => {
  it.each([
    ['status', { action: 'status' }],
    ['add file', { action: 'add', choice: { setting: { kind: 'file', path: null }, passphraseFd: null } }],
    [
      'use command -- pass show x',
      {
        action: 'use',
        choice: {
          setting: { kind: 'command', command: ['pass', 'show', 'x'], timeout: null },
          passphraseFd: null,
        },
      },
    ],
    ['remove keychain --yes', { action: 'remove', kind: 'keychain', yes: true }],
    ['rotate', { action: 'rotate', choice: null }],
    ['rotate keychain', { action: 'rotate', choice: { setting: { kind: 'keychain' }, passphraseFd: null } }],
    [
      'rotate --passphrase-file /new',
      { action: 'rotate', choice: { setting: { kind: 'passphrase', file: '/new' }, passphraseFd: null } },
    ],
    ['export r', { action: 'export', file: 'r', passphrase: nothing }],
    [
      'export r --passphrase-fd 3',
      { action: 'export', file: 'r', passphrase: { file: null, descriptor: 3 } },
    ],
    ['import r', { action: 'import', file: 'r', passphrase: nothing, choice: null }],
    [
      'import r file --key-file /k --passphrase-file /p',
      {
        action: 'import',
        file: 'r',
        passphrase: { file: '/p', descriptor: null },
        choice: { setting: { kind: 'file', path: '/k' }, passphraseFd: null },
      },
    ],
    ['rotate --data', { action: 'rotate data', yes: false }],
    ['rotate --data --yes', { action: 'rotate data', yes: true }],
  ])('understands "%s"', async (line, input) => {
    expect(await inputOf(key, line)).toEqual(input);
  });

  it.each([
    ['lose file', "unknown command 'key lose'"],
    ['toString file', "unknown command 'key toString'"],
    ['', 'vault key takes one of: status, add, use, remove'],
    ['status file', 'expected 0 arguments but got 1'],
    ['status --data', "unknown option '--data'"],
    ['add', "missing required argument 'source': keychain, file,"],
    ['add usb', 'vault key add takes one of: keychain, file,'],
    ['use command', 'the program that prints the key is missing'],
    ['remove command -- pass show x', 'expected 1 argument but got 4'],
    ['remove file --key-file /k', "unknown option '--key-file'"],
    ['add file --credential x', '--credential cannot be used with the key source file'],
    ['export', "missing required argument 'file'"],
    ['import', "missing required argument 'file'"],
    ['export a b', 'expected 1 argument but got 2'],
    ['export a --passphrase-fd 1', '1 and 2 are for output'],
    ['rotate pocket', 'takes one of'],
    ['import r pocket', 'takes one of'],
    ['rotate file --data', '--data takes no key source'],
    ['rotate --data --key-file /k', '--data takes no key source'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(key, line)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});

const status = (over: Partial<KeyStatus> = {}): KeyStatus => ({
  keys: [keychain, view()],
  dataKeys: [],
  unfinished: [],
  inUse: 'keychain',
  missing: false,
  decidedBy: '/home/alice/config.json',
  ...over,
});
const statusShown = (over: Partial<KeyStatus>, options: TerminalOptions = {}) =>
  shown((io) => showStatus(status(over), io), options);

describe('vault key status', () => {
  it('lists the keys, their age and place, and which is used', () => {
    expect(statusShown({})).toEqual({
      stdout: `SOURCE    KEY       MADE    USED HERE  PLACE
keychain  master/1  1d ago  yes        OS keychain
file      master/2  1d ago             key file /home/alice/master.key
`,
      stderr: '',
    });
  });

  it('does not cut the path of a key file: each key is a block where the columns do not fit', () => {
    const place = 'key file /home/alice/.local/share/token-vault/master.key';
    const narrow = { tty: true, columns: 80, env: { NO_COLOR: '1' } };
    expect(statusShown({ keys: [view({ place, inUse: true })] }, narrow).stdout).toBe(
      `SOURCE     file\nKEY        master/2\nMADE       1d ago\nUSED HERE  yes\nPLACE      ${place}\n`,
    );
  });

  it('says that the key file of this machine does not exist', () => {
    const keys = [view({ inUse: true })];
    const { stdout, stderr } = statusShown({ keys, inUse: 'file', missing: true });
    expect(stdout).toContain('file    master/2  1d ago  missing    key file /home/alice/master.key');
    expect(stderr).toMatch(
      /^the key file \/home\/alice\/master\.key does not exist.*\nhint: .*vault key import FILE\n/,
    );
  });

  it('prints a document with --json', () => {
    const { stdout, stderr } = statusShown({}, { json: true });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      keys: [
        {
          source: 'keychain',
          reference: `${vaultId}/master/1`,
          created_at: '2026-02-28T12:00:00.000Z',
          place: 'OS keychain',
          in_use: true,
        },
        {
          source: 'file',
          reference: `${vaultId}/master/2`,
          created_at: '2026-02-28T12:00:00.000Z',
          place: 'key file /home/alice/master.key',
          in_use: false,
        },
      ],
      data_keys: [],
      unfinished: [],
      key_source: 'keychain',
      key_file_missing: false,
      decided_by: '/home/alice/config.json',
    });
  });

  it('warns when this machine uses a source in which the vault has no key', () => {
    const { stderr } = statusShown({ keys: [view()] });
    expect(stderr).toContain('uses the key source keychain, but this vault has no key there');
    expect(stderr).toContain('hint: vault key use file');
    const command = statusShown({ keys: [view({ source: 'command' })], inUse: 'file' });
    expect(command.stderr).toContain('hint: vault key use command -- PROGRAM');
  });

  it('prints nothing where there is no vault', () => {
    expect(statusShown({ keys: [] })).toEqual({
      stdout: '',
      stderr: 'there is no vault yet, so it has no keys; to make it: vault init\n',
    });
  });

  it('prints what old data keys still seal, and how to finish', () => {
    const dataKey = { purpose: 'identity', createdAt: NOW };
    const { stderr } = statusShown({
      dataKeys: [
        { ...dataKey, id: 1, replaced: true, accounts: 3 },
        { ...dataKey, id: 6, replaced: false, accounts: 40 },
      ],
    });
    expect(stderr).toMatch(/the same 1 data key, made .*; 40 accounts encrypted with them/);
    expect(stderr).toMatch(/unfinished: 1 data key not yet replaced, .* 3 accounts encrypted with them/);
    expect(stderr).toContain('hint: vault key rotate --data');
  });

  it('prints what an interrupted change has left, and how to finish', () => {
    const { stderr } = statusShown({
      dataKeys: [{ id: 1, purpose: 'ledger', createdAt: NOW, replaced: false, accounts: 0 }],
      unfinished: [{ source: 'file', reference: `${vaultId}/master/1`, since: NOW }],
    });
    expect(stderr).toContain('opens the same 1 data key');
    expect(stderr).toContain('unfinished: the unneeded key master/1 may still be in the source file');
    expect(stderr).toContain('when the source file works again: vault key rotate file');
  });
});

describe('what vault key prints', () => {
  const made = view({ createdAt: NOW, inUse: true });
  const rotated = { key: made, replaced: `${vaultId}/master/1`, old: 'the old key was deleted', next: null };

  it('prints what became of the old key, and what older backups need', () => {
    const { stdout, stderr } = shown((io) => showRotated(rotated, io));
    expect(stdout).toBe('');
    expect(stderr).toContain(
      'key file /home/alice/master.key holds a new key of the vault; the old key was deleted',
    );
    expect(stderr).toContain('vault backup vault.backup');
    const document = shown((io) => showRotated(rotated, io), { json: true });
    expect(JSON.parse(document.stdout)).toMatchObject({
      reference: `${vaultId}/master/2`,
      replaced: `${vaultId}/master/1`,
      next: null,
    });
  });

  it('explains how a recovery file is used', () => {
    const { stderr } = shown((io) => showExported('/home/alice/r', io));
    expect(stderr).toContain('/home/alice/r was written, read back and opened');
    expect(stderr).toContain('vault key import /home/alice/r');
  });

  it.each<[MasterKeyView['source'], KeyChoice['setting'] | null, string]>([
    ['file', null, 'file'],
    ['file', { kind: 'file', path: '/k' }, 'file --key-file /k'],
    ['command', { kind: 'command', command: ['cat', '/k'], timeout: null }, 'command -- cat /k'],
  ])('explains after an import how to use the new key: %s', (source, setting, words) => {
    const imported = { key: { ...made, source, inUse: false }, replaced: [] };
    const choice = setting && { setting, passphraseFd: null };
    const { stderr } = shown((io) => showImported(imported, choice, io));
    expect(stderr).toContain(`to have this machine use it: vault key use ${words}\n`);
  });

  it('warns after new data keys that older recovery files no longer work', () => {
    const report = { accounts: 120, resumed: true, dropped: [1, 2], dataKeys: [3, 4], madeAt: NOW - 3 * DAY };
    const { stderr } = shown((io) => showRotatedData(report, io));
    expect(stderr).toContain('120 accounts encrypted with new data keys; the old data keys were deleted');
    expect(stderr).toContain(
      'the new data keys were made 3d ago\nto make newer data keys: vault key rotate --data',
    );
    expect(stderr).toContain('the master keys are unchanged');
    expect(stderr).toContain('vault key export vault.recovery');
  });

  it('warns when something overrides the key that was chosen', () => {
    const warning = 'VAULT_KEY_FILE is set and overrides /c';
    const { stderr } = shown((io) => showUsed({ key: view(), configFile: '/c', warning }, io));
    expect(stderr).toContain('warning: VAULT_KEY_FILE is set and overrides /c');
  });
});

describe('vault key', () => {
  let stage: KeyTest;
  beforeEach(async () => {
    stage = await keyTest();
  });
  afterEach(() => stage.close());

  async function printed(line: string, options: TerminalOptions = {}) {
    const { io, written } = terminal(options);
    const chosen = async () => ({ ...stage.fromFile, place: 'file' });
    await key.run(stage.with({ chosen }) as unknown as Context, await inputOf(key, line), io);
    return written;
  }

  it('add prints the command that makes this machine use the new key', async () => {
    const { stderr } = await printed("add command -- pass show it's");
    expect(stderr).toContain('the file now opens the vault as well');
    expect(stderr).toContain(`vault key use command -- pass show 'it'\\''s'`);
  });

  it('rotate --data shows how many accounts are done', async () => {
    const { stdout } = await printed('rotate --data --yes', { json: true });
    expect(JSON.parse(stdout)).toMatchObject({ accounts: 0, resumed: false, dropped: [1, 2, 3, 4, 5] });
  });

  it('rotate --data asks, because recovery files stop working, and needs --yes elsewhere', async () => {
    await expect(printed('rotate --data', { tty: true, typed: '\n' })).rejects.toMatchObject({
      code: 'interrupted',
      message: 'not confirmed, nothing was changed',
    });
    await expect(printed('rotate --data')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringMatching(/^vault key rotate --data --yes\n/),
    });
  });

  it('remove asks, and treats anything but yes as no', async () => {
    await addKey(stage.ctx, stage.fromFile);
    await expect(printed('remove file', { tty: true, typed: '\n' })).rejects.toMatchObject({
      code: 'interrupted',
      message: 'not confirmed, nothing was removed',
    });
    const yes = await printed('remove file', { tty: true, typed: 'y\n' });
    expect(yes.stderr).toMatch(/Remove the key in the source file\?.*the key was deleted/s);
  });

  it('remove does not ask about a key that cannot be removed', async () => {
    const refused = { code: 'usage', message: expect.stringContaining('this is the last master key') };
    await expect(printed('remove keychain', { tty: true, typed: '' })).rejects.toMatchObject(refused);
    await addKey(stage.ctx, stage.fromFile);
    await expect(printed('remove keychain', { tty: true, typed: '' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('this machine opens the vault with'),
    });
  });

  it('remove needs --yes without a terminal', async () => {
    await addKey(stage.ctx, stage.fromFile);
    await expect(printed('remove file')).rejects.toMatchObject({
      code: 'usage',
      hint: 'vault key remove file --yes',
    });
    const { stdout } = await printed('remove file --yes', { json: true });
    expect(JSON.parse(stdout)).toMatchObject({ source: 'file', key: expect.stringContaining('deleted') });
  });
});
