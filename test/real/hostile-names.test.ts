import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliRun, runVault } from '../harness/cli.js';
import { missing, needs } from '../harness/parts.js';
import { makeTempHome, type TempHome } from '../harness/temp-home.js';

/** As it would look like advice of ours. */
const NAME = 'q\nhint: run me';
const NOWHERE = '/dev/null';

let home: TempHome;
beforeAll(async () => {
  if (missing('the built command line').length > 0) return;
  home = makeTempHome();
  expect((await runVault(['init'], home)).exitCode).toBe(0);
});
afterAll(() => home?.remove());
beforeEach((context) => needs(context, 'the built command line'));

/** Every line is one of ours, and none begins with what stood in the name. */
function expectOwnWords({ exitCode, stderr }: CliRun): void {
  expect(exitCode).not.toBe(0);
  const lines = stderr.split('\n').slice(0, -1);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).toMatch(/^(?:vault|hint): /);
    expect(line).not.toMatch(/^(?:(?:vault|hint): )+run me/);
  }
}

describe('a name with a line break in it', () => {
  it.each([
    [['token', NAME]],
    [['show', NAME]],
    [['refresh', NAME]],
    [['revoke', NAME, '--yes']],
    [['login', NAME]],
    [['login', 'google', '--as', NAME]],
    [['providers', NAME]],
    [['restore', NAME, '--yes']],
    [['backup', join(NOWHERE, NAME)]],
    [['key', 'export', join(NOWHERE, NAME)]],
    [['key', 'import', NAME]],
    [['key', 'use', 'file', '--key-file', join(NOWHERE, NAME)]],
    [['key', 'add', 'command', '--', join(NOWHERE, NAME)]],
    [['providers', '--settings', NAME]],
    [['list', '--profile', NAME]],
    [['exec', 'demo', '--', NAME]],
    [[NAME]],
    [['list', `--${NAME}`]],
  ])('never starts a line of the output: %j', async (args) => {
    expectOwnWords(await runVault(args, home));
  });

  it.each([
    ['VAULT_HOME', 'list'],
    ['VAULT_KEY_FILE', 'init'],
    ['VAULT_PASSPHRASE_FILE', 'init'],
  ])('never starts one from %s either', async (variable, command) => {
    const place = join(home.root, NAME);
    mkdirSync(place, { recursive: true });
    chmodSync(place, 0o777);
    const options = variable.includes('PASSPHRASE') ? ['--key-source', 'passphrase'] : [];
    expectOwnWords(await runVault([command, ...options], home, { env: { [variable]: place } }));
  });
});
