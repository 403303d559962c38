import { describe, expect, it } from 'vitest';
import { init } from '../../src/commands/init.js';
import type { Context } from '../../src/context.js';
import { sources } from '../doubles/settings-sources.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const place = 'the key file /home/alice/.config/token-vault/master.key';
const paths = {
  database: '/home/alice/.local/share/token-vault/vault.db',
  configFile: '/home/alice/.config/token-vault/config.json',
};

async function printed(options: TerminalOptions) {
  const { io, written } = terminal(options);
  const keys = { current: async () => ({ kind: 'file', place }) };
  const own = { work: { issuer: 'https://id.example', clientId: 'x' } };
  const settings = async () => sources({ config: { providers: own } });
  const ctx = { keys, paths, settings, access: { create: async () => {} } } as unknown as Context;
  await init.run(ctx, await inputOf(init, ''), io);
  return written;
}

describe('vault init', () => {
  it.each([
    ['', null],
    ['--key-source keychain', { kind: 'keychain' }],
    ['--key-source file', { kind: 'file', path: null }],
    ['--key-file /run/key', { kind: 'file', path: '/run/key' }],
    ['--key-source file --key-file /run/key', { kind: 'file', path: '/run/key' }],
    ['--key-source credential', { kind: 'credential', name: null }],
    ['--credential mine', { kind: 'credential', name: 'mine' }],
    [
      '--key-source command -- pass show -x',
      { kind: 'command', command: ['pass', 'show', '-x'], timeout: null },
    ],
    ['-- /usr/bin/print-key', { kind: 'command', command: ['/usr/bin/print-key'], timeout: null }],
    ['--key-source passphrase', { kind: 'passphrase', file: null }],
    ['--passphrase-file /run/pp', { kind: 'passphrase', file: '/run/pp' }],
  ])('understands "%s"', async (line, setting) => {
    expect(await inputOf(init, line)).toEqual({ choice: setting && { setting, passphraseFd: null } });
  });

  it('accepts the number of an open descriptor for a passphrase', async () => {
    expect(await inputOf(init, '--passphrase-fd 3')).toEqual({
      choice: { setting: { kind: 'passphrase', file: null }, passphraseFd: 3 },
    });
  });

  it.each([
    ['file', 'the key source file with an option'],
    ['--key-source usb', '--key-source takes one of: keychain, file, credential, command, passphrase'],
    ['--key-source keychain --key-file /run/key', '--key-file cannot be used with the key source keychain'],
    ['--key-source file --passphrase-fd 3', '--passphrase-fd cannot be used with the key source file'],
    [
      '--key-source file -- pass show x',
      'a program can be given only for the key source command, not for file',
    ],
    [
      '--key-source command',
      'the program that prints the key is missing; it goes after --, with its arguments',
    ],
    ['--key-source command -- ./print-key', 'must be a name or an absolute path'],
    ['--credential ../key', '--credential takes the name of a credential, without a slash'],
    ['--passphrase-fd 3 --passphrase-file /run/pp', 'name two passphrases; give one of them'],
    ['--passphrase-fd 1', '--passphrase-fd takes 0, or 3 and up'],
    ['--passphrase-fd x', '--passphrase-fd takes a whole number'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(init, line)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });

  it('prints where everything is', async () => {
    expect(await printed({})).toEqual({
      stdout: `key       the key file /home/alice/.config/token-vault/master.key
vault     /home/alice/.local/share/token-vault/vault.db
settings  /home/alice/.config/token-vault/config.json
`,
      stderr: 'the vault is ready; next: vault login work\n',
    });
  });

  it('prints a document with --json, and nothing on stderr', async () => {
    const { stdout, stderr } = await printed({ json: true });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      key_source: 'file',
      place: 'the key file /home/alice/.config/token-vault/master.key',
      database: '/home/alice/.local/share/token-vault/vault.db',
      config_file: '/home/alice/.config/token-vault/config.json',
    });
  });
});
