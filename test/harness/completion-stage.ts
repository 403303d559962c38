import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { VAULT_JS } from './cli.js';
import { makeTempHome, type TempHome } from './temp-home.js';
import { headExample, vaultFolder } from './vault-folder.js';

/** A user's machine with a vault, and a program `vault` that completes as the real one and only notes what it is run with. */
export interface CompletionStage {
  readonly home: TempHome;
  readonly env: Readonly<Record<string, string>>;
  /** The words of each command line that was run since. */
  typed(): string[][];
}

/** A shell that did not quote it would run a program. */
export const HOSTILE = 'evil/;id>x$(id>x)`id>x`\\"*';

export const ACCOUNTS = [
  'google/alice@example.com',
  'google/work',
  "notion/o'brien",
  'demo/with:colon',
  HOSTILE,
];

/** @param program `vault` or `token-vault` */
export async function completionStage(program = 'vault'): Promise<CompletionStage> {
  const home = makeTempHome({ keySource: 'file', providers: { demo: {}, forge: {} } });
  writeFileSync(join(home.vault, 'master.key'), 'not a key', { mode: 0o600 });
  await writeAccounts(home);
  mkdirSync(join(home.vault, 'profiles', 'acme'), { recursive: true });
  writeFileSync(join(home.home, 'a file.txt'), '');
  const bin = join(home.root, 'bin');
  const notes = join(home.root, 'typed');
  mkdirSync(bin);
  writeFileSync(notes, '');
  const link = join(home.root, 'real', program);
  mkdirSync(join(home.root, 'real'));
  symlinkSync(VAULT_JS, link);
  const shim = [
    '#!/bin/sh',
    // Under the name that it is started by.
    `case $1 in __complete | completion) exec '${process.execPath}' '${link}' "$@" ;; esac`,
    `for word; do printf '%s\\0' "$word" >>'${notes}'; done; echo >>'${notes}'`,
  ];
  writeFileSync(join(bin, program), `${shim.join('\n')}\n`);
  chmodSync(join(bin, program), 0o755);
  return {
    home,
    env: { ...home.env, PATH: `${bin}:${home.env['PATH']}` },
    typed: () =>
      readFileSync(notes, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\0').slice(0, -1)),
  };
}

/** In a database alone: neither a key nor anything else is made. */
async function writeAccounts({ vault }: TempHome): Promise<void> {
  const store = await vaultFolder(vault).factory.create(headExample());
  for (const [index, name] of ACCOUNTS.entries()) {
    const [provider = '', label = ''] = name.split('/');
    await store.insert(sealedExample(index, { provider, label }), step);
  }
  await store.close();
}
