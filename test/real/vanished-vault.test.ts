import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runVault } from '../harness/cli.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

let home: TempHome;
beforeEach(() => {
  home = makeTempHome();
});
afterEach(() => home.remove());

/** With data, configuration and state in the folders of the XDG specification. */
const vault = (line: string) => runVault(line.split(' '), home, { env: { VAULT_HOME: '' } });

describe('a vault whose data folder is missing while its state folder exists', () => {
  it('is reported by every command that needs it, until it is back or a new one exists', async () => {
    const data = join(home.home, '.local/share/token-vault');
    expect(await vault('init --key-source file')).toMatchObject({ exitCode: 0 });
    renameSync(data, `${data}.unmounted`);
    for (const line of [
      'token google',
      'refresh --all',
      'list',
      'status',
      'audit',
      'audit --verify',
      'key status',
    ]) {
      const run = await vault(line);
      expect([line, run.exitCode]).toEqual([line, 9]);
      expect(run.stderr).toMatch(
        /a vault was used here.*\nhint: vault restore FILE\n.*\nhint: vault init\n$/s,
      );
    }
    expect((await vault('doctor --offline')).stdout).toMatch(/✗ database +a vault was used here/);
    expect(existsSync(join(data, 'vault.db'))).toBe(false);

    renameSync(`${data}.unmounted`, data);
    expect(await vault('list')).toMatchObject({ exitCode: 0 });
    renameSync(data, `${data}.deleted`);
    expect(await vault('init')).toMatchObject({ exitCode: 0 });
    expect(await vault('list')).toMatchObject({ exitCode: 0 });
  });
});
