import { afterEach, beforeEach, expect, it } from 'vitest';
import { startVault } from '../harness/cli.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

const SETUP = { profile: null, envFile: null, width: 1, settings: {} };

let home: TempHome;
beforeEach(() => {
  home = makeTempHome();
});
afterEach(() => home.remove());

it('a refresher that cannot begin ends at once, though its asker still holds the line', async () => {
  const env = { VAULT_HOME: 'not/absolute' };
  const refresher = startVault(['@refresher'], home, { env, timeout: 20_000 });
  refresher.type(JSON.stringify(SETUP));
  expect(await refresher.done).toMatchObject({ exitCode: 2, signal: null, stdout: '' });
});
