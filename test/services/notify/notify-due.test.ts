import { expect, it } from 'vitest';
import { type NotifyContext, notifyDue } from '../../../src/services/notify/notify.js';
import { resolvePaths } from '../../../src/system/paths.js';
import { clockDouble } from '../../doubles/clock.js';
import { NOW } from '../../doubles/terminal.js';

/** What is asked of the outside, in order. */
function background(config: string | null) {
  const looked: string[] = [];
  const notices: string[] = [];
  const ctx = {
    paths: resolvePaths({ env: { VAULT_HOME: '/srv/vault' }, platform: 'linux' }, null),
    clock: clockDouble(NOW),
    interruption: new AbortController().signal,
    async vault() {
      looked.push('vault');
      return null;
    },
    readText(path: string) {
      looked.push(path);
      return config;
    },
    notice: (line: string) => void notices.push(line),
  } as unknown as NotifyContext;
  return { looked, notices, notifyDue: () => notifyDue(ctx) };
}

it.each([
  ['{"notify": ["tell"]}', ['/srv/vault/config.json', 'vault']],
  ['{"keySource": "file"}', ['/srv/vault/config.json']],
  [null, ['/srv/vault/config.json']],
] as const)('reads the vault only when a notify command is set: %s', async (config, read) => {
  const { looked, notifyDue } = background(config);
  await notifyDue();
  expect(looked).toEqual(read);
});

it('an invalid notify command is reported and is not an error', async () => {
  const { notices, notifyDue } = background('{"notify": []}');
  await notifyDue();
  expect(notices).toEqual([expect.stringContaining('notify must be a list of strings')]);
});
