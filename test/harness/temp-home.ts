import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliRun } from './cli.js';

/** A person's machine, as far as the vault sees it: a home of its own, and all that was printed in it. */
export interface TempHome {
  /** Holds everything below. */
  readonly root: string;
  /** `HOME`. */
  readonly home: string;
  /** `VAULT_HOME`. */
  readonly vault: string;
  /** Every run so far, for the leak scan. */
  readonly runs: CliRun[];
  /** The whole environment of a command: nothing of the machine the tests run on leaks in. */
  readonly env: Readonly<Record<string, string>>;
  configure(config: Config): void;
  config(): Config;
  remove(): void;
}

/** `config.json`, as far as tests look into it. */
export interface Config {
  readonly keySource?: unknown;
  readonly providers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function makeTempHome(config: Config = { keySource: 'file', providers: {} }): TempHome {
  const root = mkdtempSync(join(tmpdir(), 'vault-test-'));
  const home = join(root, 'home');
  const vault = join(root, 'vault');
  for (const folder of [home, vault]) mkdirSync(folder, { mode: 0o700 });
  const file = join(vault, 'config.json');
  const configure = (value: Config) => writeFileSync(file, JSON.stringify(value, null, 2), { mode: 0o600 });
  configure(config);
  return {
    root,
    home,
    vault,
    runs: [],
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: home,
      VAULT_HOME: vault,
      LANG: 'C.UTF-8',
    },
    configure,
    config: () => JSON.parse(readFileSync(file, 'utf8')) as Config,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
