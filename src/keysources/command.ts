import { basename, isAbsolute } from 'node:path';
import { formatDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { inQuotes, quoted } from '../domain/safe-text.js';
import type { GivenKeySource } from './contract.js';
import { decodeKey, NEW_KEY } from './contract.js';

export type CommandEnd =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly stdout: Buffer }
  | { readonly kind: 'not_found' | 'not_executable' | 'timed_out' | 'too_much' };

export interface CommandParts {
  /** Runs a program without a shell, its output captured and bounded. */
  readonly run: (command: readonly string[], timeout: number, limit: number) => Promise<CommandEnd>;
  /** In ms; longer in an interactive session, where a password manager may prompt. */
  readonly defaultTimeout: () => number;
  /** The file with the command; null: it was given on the command line. */
  readonly configFile: string | null;
}

const LIMIT = 4096;

/**
 * A program that prints the key, as password managers do: `pass show …`, `op read …`, `age -d …`. Its arguments and its other output
 * may be private and are never quoted.
 *
 * @param command the program, then its arguments
 * @param timeout in ms; null: the default
 */
export function commandSource(
  command: readonly string[],
  timeout: number | null,
  { run, defaultTimeout, configFile }: CommandParts,
): GivenKeySource {
  const [named = ''] = command;
  const full = isAbsolute(named);
  const program = basename(named);
  const place = `command ${program}`;
  const written = configFile === null ? '' : ` under keySource in ${quoted(configFile)}`;
  const byHand = `run the command${written} by hand to see what it prints`;
  return {
    kind: 'command',
    keys: 'given',
    setting: { kind: 'command', command, timeout },
    place,
    path: null,
    recipe: recipeFor(command),
    ifWrong: `${byHand}: it must be the key of this vault`,
    async load() {
      const bound = timeout ?? defaultTimeout();
      const end = await run(command, bound, LIMIT);
      switch (end.kind) {
        case 'not_found':
          throw new VaultError('key_unavailable', `the ${place}, which prints the key, was not found`, {
            hint: full
              ? `to see what is there: ls -l ${inQuotes(named)}`
              : `give its full path${written}, as shown by: command -v ${program}`,
          });
        case 'not_executable':
          throw new VaultError('key_unavailable', `the ${place}, which prints the key, cannot be run`, {
            hint: `to see its permissions: ${full ? 'ls -l' : 'type -a'} ${inQuotes(named)}`,
          });
        case 'timed_out':
          throw new VaultError(
            'key_timed_out',
            `the ${place} did not print the key within ${formatDuration(bound)}`,
            {
              hint: `${byHand}\nif the program prompts, unlock it first`,
            },
          );
        case 'too_much':
          throw new VaultError('key_wrong', `the ${place} prints more than a master key`, {
            hint: `${byHand}\nit must print the 43 characters of the key and nothing else`,
          });
        default:
          return keyIn(end);
      }
    },
  };

  function keyIn({ exitCode, stdout }: { readonly exitCode: number; readonly stdout: Buffer }): Buffer {
    try {
      if (exitCode === 0) return decodeKey(stdout.toString('latin1'), `output of the ${place}`);
      throw new VaultError(
        'key_unavailable',
        `the ${place} ended with exit code ${exitCode} and printed no key`,
        {
          hint: `${byHand}\nif the program prompts, unlock it first`,
        },
      );
    } finally {
      stdout.fill(0);
    }
  }
}

/** How to store a key for the command, for common programs. */
function recipeFor(command: readonly string[]): string {
  const program = basename(command[0] ?? '');
  const name = command.slice(1).filter((word) => !word.startsWith('-') && word !== 'show')[0];
  if ((program === 'pass' || program === 'gopass') && name !== undefined && /^[\w./-]+$/.test(name)) {
    return `${NEW_KEY} | ${program} insert ${program === 'pass' ? '-m ' : ''}${name}`;
  }
  return `${NEW_KEY}, stored where ${quoted(program)} finds it`;
}
