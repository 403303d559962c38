import type { Command, OptionSpec, RawInput } from './contract.js';
import { text } from './read.js';

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', description: 'print one JSON document on stdout' },
  { flags: '--quiet', description: 'say only what went wrong' },
  { flags: '--verbose', description: 'say more about failures on stderr' },
  { flags: '--profile <name>', description: 'use a separate vault with its own key' },
  { flags: '--env-file <path>', description: 'read provider settings from this file' },
];

export interface Globals {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly profile: string | null;
  readonly envFile: string | null;
}

/** A command line, understood. */
export type Parsed =
  | { readonly kind: 'run'; readonly command: Command; readonly input: unknown; readonly globals: Globals }
  /** Help or the version. With exit code 2 nothing was asked for, and the text belongs on stderr. */
  | { readonly kind: 'text'; readonly text: string; readonly exitCode: 0 | 2 };

/** A command line, taken apart but not yet understood by its command. */
export interface Reading {
  readonly command: Command;
  readonly raw: RawInput;
  readonly globalOptions: RawInput['options'];
}

/**
 * @throws VaultError `usage`
 */
export function understand(reading: Reading): Parsed {
  const { command, raw, globalOptions } = reading;
  const globals = readGlobals(globalOptions);
  return { kind: 'run', command, input: command.parse(raw), globals };
}

function readGlobals(options: RawInput['options']): Globals {
  const raw = { args: [], options };
  return {
    json: options['json'] === true,
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
    profile: text(raw, '--profile'),
    envFile: text(raw, '--env-file'),
  };
}

/** How an error should be shown when the command line itself could not be understood. */
export function askedView(argv: readonly string[]): { readonly json: boolean; readonly verbose: boolean } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return { json: own.includes('--json'), verbose: own.includes('--verbose') };
}
