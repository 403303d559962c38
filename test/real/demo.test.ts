import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { runVault } from '../harness/cli.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

let home: TempHome;
afterEach(() => home.remove());

describe('vault demo', () => {
  it('shows a whole life without an account anywhere and leaves nothing behind', async () => {
    home = makeTempHome();
    const run = await runVault(['demo', '--no-browser'], home, { env: { TMPDIR: home.root } });
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

  it("does not touch the user's own vault, whatever the environment names", async () => {
    home = makeTempHome({ keySource: 'keychain', providers: {} });
    const env = { TMPDIR: home.root, VAULT_PROFILE: 'work', VAULT_KEY_FILE: '/nonexistent/key' };
    expect(await runVault(['demo', '--no-browser'], home, { env })).toMatchObject({ exitCode: 0 });
    expect(readdirSync(home.vault)).toEqual(['config.json']);
  });
});
