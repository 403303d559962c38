import { describe, expect, it } from 'vitest';
import { init } from '../../src/commands/init.js';
import { KEY_SOURCE_KINDS } from '../../src/keysources/contract.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

async function printed(options: TerminalOptions) {
  const { io, written } = terminal(options);
  const useCases = useCasesDouble({
    init: async () => ({
      keySource: 'file',
      place: 'the key file /home/alice/.config/token-vault/master.key',
      database: '/home/alice/.local/share/token-vault/vault.db',
      configFile: '/home/alice/.config/token-vault/config.json',
    }),
  });
  await init.run(useCases, await inputOf(init, ''), io);
  return written;
}

describe('vault init', () => {
  it.each([
    ['', { keySource: null, keyFile: null }],
    ['--key-source keychain', { keySource: 'keychain', keyFile: null }],
    ['--key-source file', { keySource: 'file', keyFile: null }],
    ['--key-file /run/key', { keySource: 'file', keyFile: '/run/key' }],
    ['--key-source file --key-file /run/key', { keySource: 'file', keyFile: '/run/key' }],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(init, line)).toEqual(request);
  });

  it.each([
    ['--key-source usb', '--key-source takes one of: keychain, file'],
    ['--key-source keychain --key-file /run/key', '--key-file does not go with --key-source keychain'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(init, line)).rejects.toMatchObject({ code: 'usage', message });
  });

  it.each(KEY_SOURCE_KINDS)('knows the key source %s', async (kind) => {
    expect(await inputOf(init, `--key-source ${kind}`)).toMatchObject({ keySource: kind });
  });

  it('says where everything is', async () => {
    expect(await printed({})).toEqual({
      stdout: `key       the key file /home/alice/.config/token-vault/master.key
vault     /home/alice/.local/share/token-vault/vault.db
settings  /home/alice/.config/token-vault/config.json
`,
      stderr: 'the vault is ready; next: vault providers\n',
    });
  });

  it('is a document with --json, and nothing on stderr', async () => {
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
