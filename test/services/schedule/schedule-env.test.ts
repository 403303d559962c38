import { describe, expect, it } from 'vitest';
import { carriedEnv } from '../../../src/services/schedule/schedule-env.js';

const ENV_FILE = '/home/alice/.config/token-vault/.env';
const carried = (env: Record<string, string>, inEnvFile: string[] = [], source = 'file' as const) =>
  carriedEnv(env, source, inEnvFile, ENV_FILE);

describe('the environment of an unattended run', () => {
  it('contains the place of the vault and the network settings, and nothing else', () => {
    const needed = {
      HOME: '/home/alice',
      VAULT_HOME: '/srv/vault',
      VAULT_KEY_FILE: '/srv/key',
      XDG_CONFIG_HOME: '/srv/config',
      NODE_EXTRA_CA_CERTS: '/srv/ca.pem',
      HTTPS_PROXY: 'http://proxy.example:3128',
    };
    expect(
      carried({ ...needed, EDITOR: 'vi', AWS_SECRET_ACCESS_KEY: 'secret-example', NO_COLOR: '' }),
    ).toEqual({
      env: needed,
      notes: [],
    });
  });

  it('has the search path without entries that depend on the current folder', () => {
    const { env } = carried({ PATH: '/usr/bin::.:node_modules/.bin:/bin:/usr/bin' });
    expect(env).toEqual({ PATH: '/usr/bin:/bin' });
  });

  it('has the folders of a password manager if one is run for the key', () => {
    const given = { GNUPGHOME: '/srv/gnupg', PASSWORD_STORE_DIR: '/srv/pass' };
    expect(carried(given).env).toEqual({});
    expect(carriedEnv(given, 'command', [], ENV_FILE).env).toEqual(given);
  });

  it('has the place of the passphrase if one opens the vault', () => {
    const given = { VAULT_PASSPHRASE_FILE: '/srv/words' };
    expect(carried(given).env).toEqual({});
    expect(carriedEnv(given, 'passphrase', [], ENV_FILE).env).toEqual(given);
  });

  it('lacks a proxy with a password, and a note says so', () => {
    const { env, notes } = carried({ https_proxy: 'http://alice:password-example@proxy.example' });
    expect(env).toEqual({});
    expect(notes).toEqual([expect.stringContaining('https_proxy contains a password')]);
    expect(notes.join()).not.toContain('password-example');
  });

  it('lacks client settings that only this shell has, and a note names them', () => {
    const given = {
      GOOGLE_CLIENT_SECRET: 'secret-example',
      GOOGLE_CLIENT_ID: 'id-example',
      MICROSOFT_TENANT_ID: 'tenant-example',
      NOTION_CLIENT_ID: '',
    };
    const { env, notes } = carried(given, ['MICROSOFT_TENANT_ID']);
    expect(env).toEqual({});
    expect(notes).toEqual([
      `set in this shell only and needed by the job: GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET; write it into ${ENV_FILE}`,
    ]);
  });
});
