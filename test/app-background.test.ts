import { expect, it } from 'vitest';
import { VaultError } from '../src/domain/errors.js';
import type { ValidToken } from '../src/services/contract.js';
import { resolvePaths } from '../src/system/paths.js';
import { backgroundWith } from '../src/wiring/background.js';
import { clockDouble } from './doubles/clock.js';
import { NOW } from './doubles/terminal.js';

const REQUEST = { selector: null, minValid: 0, scopes: [], refresh: false, withIdentity: false };
const TOKEN = { warning: null } as ValidToken;

/** What is asked of the outside, in order. */
function background(config: string | null) {
  const looked: string[] = [];
  const notices: string[] = [];
  const { telling } = backgroundWith({
    host: { env: {}, interruption: new AbortController().signal } as never,
    envFile: null,
    paths: resolvePaths({ env: { VAULT_HOME: '/srv/vault' }, platform: 'linux' }, null),
    clock: clockDouble(NOW),
    audit: { record: () => undefined },
    async vault() {
      looked.push('vault');
      return null;
    },
    grantLimits: async () => [],
    readText(path) {
      looked.push(path);
      return config;
    },
    notice: (line) => void notices.push(line),
  });
  return { looked, notices, telling };
}

it('a token that is there costs no look at anything', async () => {
  const { looked, telling } = background('{"notify": ["tell"]}');
  expect(await telling(async () => TOKEN)(REQUEST)).toBe(TOKEN);
  expect(looked).toEqual([]);
});

it.each([
  ['login_needed', '{"notify": ["tell"]}', ['/srv/vault/config.json', 'vault']],
  ['network_failed', '{"notify": ["tell"]}', ['/srv/vault/config.json', 'vault']],
  ['client_refused', '{"notify": ["tell"]}', ['/srv/vault/config.json', 'vault']],
  ['login_needed', '{"keySource": "file"}', ['/srv/vault/config.json']],
  ['login_needed', null, ['/srv/vault/config.json']],
  ['account_not_found', '{"notify": ["tell"]}', []],
  ['key_locked', '{"notify": ["tell"]}', []],
] as const)(
  'a token that failed with %s has %j looked at, and fails all the same',
  async (code, config, looks) => {
    const { looked, telling } = background(config);
    const failure = new VaultError(code, 'it failed');
    await expect(telling(() => Promise.reject(failure))(REQUEST)).rejects.toBe(failure);
    expect(looked).toEqual(looks);
  },
);

it('a notify command that makes no sense is told, and hides nothing', async () => {
  const { notices, telling } = background('{"notify": []}');
  const failure = new VaultError('login_needed', 'it failed');
  await expect(telling(() => Promise.reject(failure))(REQUEST)).rejects.toBe(failure);
  expect(notices).toEqual([expect.stringContaining('notify must be a list of strings')]);
});
