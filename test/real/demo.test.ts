import { readdirSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { atTerminal } from '../harness/at-terminal.js';
import { runVault } from '../harness/cli.js';
import { needs } from '../harness/parts.js';
import { screenLines } from '../harness/picture.js';
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
    'vault refresh --all',
    'vault revoke --all --yes',
  ]) {
    expect(run.stdout).toContain(`$ ${line}`);
  }
  expect(run.stderr).toBe('next: vault setup google\n');
  expect(readdirSync(home.root).sort()).toEqual(['home', 'vault']);
  expect(readdirSync(home.vault)).toEqual(['config.json']);
});

const CHAPTERS = [
  'Log in',
  'Log in as another user, on a machine without a browser',
  'What is in the vault',
  'A token, as a script gets it',
  'Refresh',
  'Revoke',
];

it(
  'at a terminal Enter begins each chapter, in colour, in fewer than 60 lines',
  async (context) => {
    needs(context, 'a terminal', 'the built command line');
    home = makeTempHome({ keySource: 'file', providers: {} });
    const terminal = atTerminal(['demo', '--no-browser'], home, { TMPDIR: home.root });
    for (const title of CHAPTERS) {
      await terminal.sees(/\[Enter: go on, Ctrl-C: stop\] $/);
      terminal.type('\n');
      await terminal.sees(new RegExp(title));
    }
    const { exitCode, shown } = await terminal.done;
    expect(exitCode).toBe(0);
    expect(shown).toContain('\x1b[32mlogged in as Ada Lovelace');
    const lines = screenLines(shown.trimEnd()).filter((line) => !line.startsWith('[Enter'));
    expect(lines.at(-1)).toBe('next: vault setup google');
    expect(lines.length).toBeLessThan(60);
  },
  A_DOZEN_COMMANDS,
);

it('Ctrl-C between two chapters ends the demo and removes its vault', async (context) => {
  needs(context, 'a terminal', 'the built command line');
  home = makeTempHome({ keySource: 'file', providers: {} });
  const terminal = atTerminal(['demo', '--no-browser'], home, { TMPDIR: home.root });
  await terminal.sees(/\[Enter/);
  terminal.type('\u0003');
  expect(await terminal.done).toMatchObject({ exitCode: 130 });
  expect(readdirSync(home.root).sort()).toEqual(['home', 'vault']);
});
