import { isAbsolute } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Paths } from '../../src/system/contract.js';
import { resolvePaths } from '../../src/system/paths.js';

type Env = Readonly<Record<string, string | undefined>>;
const paths = (env: Env, profile: string | null = null, platform: NodeJS.Platform = 'linux') =>
  resolvePaths({ env, platform }, profile);
const roots = ({ data, config, state }: Paths) => [data, config, state];
const invalid = expect.objectContaining({ code: 'config_invalid', exitCode: 2, hint: expect.any(String) });
const HOME = { HOME: '/home/example' };

describe('the files of a vault', () => {
  it('are all in VAULT_HOME if it is set', () => {
    expect(paths({ ...HOME, VAULT_HOME: '/vault', XDG_DATA_HOME: '/data' })).toEqual({
      data: '/vault',
      config: '/vault',
      state: '/vault',
      database: '/vault/vault.db',
      locks: '/vault/locks',
      marks: '/vault/marks',
      secondMarks: {
        home: '/home/example',
        folder: '/home/example/.local/state/token-vault/second-marks',
        apart: '/vault',
      },
      machineFile: '/vault/machine',
      configFile: '/vault/config.json',
      envFile: '/vault/.env',
      keyFile: '/vault/master.key',
      securityLog: '/vault/security.log',
      profile: null,
    });
  });

  it.each<[NodeJS.Platform, Env, string | undefined]>([
    ['linux', { ...HOME, VAULT_HOME: '/v', XDG_STATE_HOME: '/s' }, '/s/token-vault/second-marks'],
    ['linux', { VAULT_HOME: '/v', XDG_STATE_HOME: '/s' }, '/s/token-vault/second-marks'],
    ['darwin', { ...HOME, VAULT_HOME: '/v' }, '/home/example/Library/Logs/token-vault/second-marks'],
    ['linux', { VAULT_HOME: '/v' }, undefined],
    ['linux', { VAULT_HOME: '/v', HOME: 'here' }, undefined],
    ['linux', HOME, undefined],
  ])('on %s with %j leave a second mark in %s', (platform, env, expected) => {
    expect(paths(env, null, platform).secondMarks?.folder).toBe(expected);
  });

  it.each<[string, NodeJS.Platform, Env, string[]]>([
    [
      'Linux',
      'linux',
      HOME,
      [
        '/home/example/.local/share/token-vault',
        '/home/example/.config/token-vault',
        '/home/example/.local/state/token-vault',
      ],
    ],
    [
      'Linux with other base folders',
      'linux',
      { ...HOME, XDG_DATA_HOME: '/d', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' },
      ['/d/token-vault', '/c/token-vault', '/s/token-vault'],
    ],
    [
      'Linux with relative base folders, which are to be ignored',
      'linux',
      { ...HOME, XDG_DATA_HOME: 'd', XDG_CONFIG_HOME: './c', XDG_STATE_HOME: '' },
      [
        '/home/example/.local/share/token-vault',
        '/home/example/.config/token-vault',
        '/home/example/.local/state/token-vault',
      ],
    ],
    [
      'macOS',
      'darwin',
      HOME,
      [
        '/home/example/Library/Application Support/token-vault',
        '/home/example/Library/Application Support/token-vault',
        '/home/example/Library/Logs/token-vault',
      ],
    ],
    [
      'Windows',
      'win32',
      { USERPROFILE: '/users/example', LOCALAPPDATA: '/local', APPDATA: '/roaming' },
      ['/local/token-vault/data', '/roaming/token-vault', '/local/token-vault/state'],
    ],
    [
      'Windows with nothing but a profile folder',
      'win32',
      { USERPROFILE: '/users/example' },
      [
        '/users/example/AppData/Local/token-vault/data',
        '/users/example/AppData/Roaming/token-vault',
        '/users/example/AppData/Local/token-vault/state',
      ],
    ],
  ])('are in the usual folders on %s', (_name, platform, env, expected) => {
    expect(roots(paths(env, null, platform))).toEqual(expected);
  });

  it.each<[string, Env]>([
    ['no environment at all', {}],
    ['an empty HOME', { HOME: '' }],
    ['a relative HOME', { HOME: 'here' }],
    ['an empty VAULT_HOME', { VAULT_HOME: '' }],
  ])('are absolute with %s: the current folder never matters', (_name, env) => {
    const { profile, secondMarks, ...places } = paths(env);
    expect([profile, secondMarks]).toEqual([null, null]);
    expect(Object.values(places).filter((place) => !isAbsolute(place))).toEqual([]);
    expect(Object.values(places).some((place) => place.startsWith(process.cwd()))).toBe(false);
  });

  it.each(['vault', './vault', '../vault', '~/vault'])(
    'are not put into VAULT_HOME=%s, which is relative',
    (home) => {
      expect(() => paths({ ...HOME, VAULT_HOME: home })).toThrow(invalid);
    },
  );
});

describe('a profile', () => {
  it('has its own folder below each, also below VAULT_HOME', () => {
    const work = paths(HOME, 'work');
    expect(roots(work)).toEqual(roots(paths(HOME)).map((root) => `${root}/profiles/work`));
    expect(work.profile).toBe('work');
    const { database, keyFile } = paths({ VAULT_HOME: '/vault' }, 'work');
    expect([database, keyFile]).toEqual(['/vault/profiles/work/vault.db', '/vault/profiles/work/master.key']);
  });

  it('comes from VAULT_PROFILE, unless one is given', () => {
    const env = { ...HOME, VAULT_PROFILE: 'customer-1' };
    expect(paths(env).profile).toBe('customer-1');
    expect(paths(env, 'work').profile).toBe('work');
    expect(paths({ ...HOME, VAULT_PROFILE: '' }).profile).toBeNull();
  });

  it.each(['..', '.', '../other', 'a/b', 'a\\b', '-a', '.hidden', 'a b', 'ä', 'a\0', 'x'.repeat(65), ''])(
    'cannot be called %j, which would lead elsewhere',
    (name) => {
      expect(() => paths(HOME, name)).toThrow(invalid);
      if (name !== '') expect(() => paths({ ...HOME, VAULT_PROFILE: name })).toThrow(invalid);
    },
  );

  it.each(['work', 'Work.2', 'a', '0', 'a-b_c', 'x'.repeat(64)])('may be called %s', (name) => {
    expect(paths(HOME, name).profile).toBe(name);
  });
});
