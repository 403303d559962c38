import { describe, expect, it } from 'vitest';
import { key } from '../../src/commands/key.js';
import { VaultError } from '../../src/domain/errors.js';
import type { KeyStatus, MasterKeyView } from '../../src/services/contract.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

const DAY = 86_400_000;
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

async function printed(
  line: string,
  useCases: Parameters<typeof useCasesDouble>[0],
  options: TerminalOptions = {},
) {
  const { io, written } = terminal(options);
  await key.run(useCasesDouble(useCases), await inputOf(key, line), io);
  return written;
}

const status = (over: Partial<KeyStatus> = {}) => ({
  keyStatus: async (): Promise<KeyStatus> => ({
    keys: [keychain, view()],
    dataKeys: [],
    unfinished: [],
    inUse: 'keychain',
    decidedBy: '/home/alice/config.json',
    ...over,
  }),
});

describe('vault key', () => {
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
  ])('understands "%s"', async (line, input) => {
    expect(await inputOf(key, line)).toEqual(input);
  });

  it.each([
    ['lose file', 'vault key takes one of: status, add, use, remove'],
    ['toString file', 'vault key takes one of'],
    ['', 'vault key takes one of'],
    ['status file', 'vault key status takes no key source'],
    ['add', 'vault key add which? It takes one of: keychain, file,'],
    ['add usb', 'vault key add takes one of: keychain, file,'],
    ['use command', 'which program prints the key?'],
    ['remove command -- pass show x', 'takes the kind of key source alone'],
    ['add file --credential x', '--credential does not go with the key source file'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(key, line)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});

describe('vault key status', () => {
  it('says which keys there are, how old, where, and which is used', async () => {
    expect(await printed('status', status())).toEqual({
      stdout: `SOURCE    KEY       MADE    USED HERE  PLACE
keychain  master/1  1d ago  yes        OS keychain
file      master/2  1d ago             key file /home/alice/master.key
`,
      stderr: '',
    });
  });

  it('is a document with --json', async () => {
    const { stdout, stderr } = await printed('status', status(), { json: true });
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
      decided_by: '/home/alice/config.json',
    });
  });

  it('warns where this machine is set to a source in which the vault has no key', async () => {
    const { stderr } = await printed('status', status({ keys: [view()], inUse: 'keychain' }));
    expect(stderr).toContain('key source of the kind keychain, in which this vault has no key');
    expect(stderr).toContain('hint: vault key use file');
    const command = await printed(
      'status',
      status({ keys: [{ ...view(), source: 'command' }], inUse: 'file' }),
    );
    expect(command.stderr).toContain('hint: vault key use command -- PROGRAM');
  });

  it('has nothing to show where there is no vault', async () => {
    expect(await printed('status', status({ keys: [] }))).toEqual({
      stdout: '',
      stderr: 'there is no vault yet, so it has no keys; vault init makes it\n',
    });
  });
});

describe('vault key add', () => {
  it('says how to have this machine use the new key, in words that can be typed', async () => {
    const addKey = async () => view({ source: 'command', place: 'command pass' });
    const { stderr } = await printed("add command -- pass show it's", { addKey });
    expect(stderr).toContain('the command pass opens the vault as well now');
    expect(stderr).toContain(`vault key use command -- pass show 'it'\\''s'`);
    const file = await printed('add file --key-file /my/key', { addKey: async () => view() });
    expect(file.stderr).toContain('vault key use file --key-file /my/key\n');
  });
});

describe('vault key remove', () => {
  const { keyStatus } = status();
  const removeKey = async () => ({ source: 'file', reference: 'r', key: 'the key was deleted' }) as const;

  it('asks, and takes anything but yes for a no', async () => {
    const yes = await printed('remove file', { keyStatus, removeKey }, { tty: true, typed: 'y\n' });
    expect(yes.stderr).toMatch(/Remove the key in the source file\?.*the key was deleted/s);
    await expect(printed('remove file', { keyStatus }, { tty: true, typed: '\n' })).rejects.toMatchObject({
      code: 'interrupted',
      message: 'not confirmed, so nothing was removed',
    });
  });

  it('does not ask about what is refused anyway', async () => {
    const last = async () =>
      ({ keys: [view()], dataKeys: [], unfinished: [], inUse: 'file', decidedBy: null }) as const;
    const refused = new VaultError('usage', 'the last one');
    const attempts = { 'remove file': last, 'remove keychain': keyStatus };
    for (const [line, lookedUp] of Object.entries(attempts)) {
      const useCases = { keyStatus: lookedUp, removeKey: () => Promise.reject(refused) };
      await expect(printed(line, useCases, { tty: true, typed: '' })).rejects.toBe(refused);
    }
  });

  it('wants --yes where there is nobody to ask', async () => {
    await expect(printed('remove file', { keyStatus })).rejects.toMatchObject({
      code: 'usage',
      hint: 'vault key remove file --yes',
    });
    const { stdout } = await printed('remove file --yes', { keyStatus, removeKey }, { json: true });
    expect(JSON.parse(stdout)).toEqual({ source: 'file', reference: 'r', key: 'the key was deleted' });
  });
});

it('vault key use warns when something else goes first', async () => {
  const useKey = async () => ({
    key: view(),
    configFile: '/c',
    warning: 'VAULT_KEY_FILE is set and goes first',
  });
  const { stderr } = await printed('use file', { useKey });
  expect(stderr).toContain('warning: VAULT_KEY_FILE is set and goes first');
});
