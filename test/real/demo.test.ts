import { readdirSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { runVault } from '../harness/cli.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

/** Milliseconds. */
const A_DOZEN_COMMANDS = 230_000;

let home: TempHome;
afterEach(() => home.remove());

it('vault demo shows every step and does not touch the user’s own vault', async () => {
  home = makeTempHome({ keySource: 'keychain', providers: {} });
  const env = { TMPDIR: home.root, VAULT_PROFILE: 'work', VAULT_KEY_FILE: '/nonexistent/key' };
  const run = await runVault(['demo', '--no-browser'], home, { env, timeout: A_DOZEN_COMMANDS });
  expect(run).toMatchObject({ exitCode: 0 });
  for (const line of [
    'vault login demo',
    'vault login demo --device --timeout 1m',
    'vault list',
    'vault token demo/ada@example.com',
    'vault refresh --all --dry-run',
    'vault revoke demo/ada@example.com --yes',
  ]) {
    expect(run.stdout).toContain(`$ ${line}`);
  }
  expect(readdirSync(home.root).sort()).toEqual(['home', 'vault']);
  expect(readdirSync(home.vault)).toEqual(['config.json']);
});
