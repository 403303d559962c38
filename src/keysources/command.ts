import { basename, isAbsolute } from 'node:path';
import { formatDuration } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { inQuotes, quoted } from '../domain/safe-text.js';
import type { GivenKeySource } from './contract.js';
import { decodeKey, NEW_KEY } from './contract.js';

/** How a run of the user's command ended. */
export type CommandEnd =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly stdout: Buffer }
  | { readonly kind: 'not_found' | 'not_executable' | 'timed_out' | 'too_much' };

export interface CommandParts {
  /** Runs a program without a shell, its output captured and bounded. */
  readonly run: (command: readonly string[], timeout: number, limit: number) => Promise<CommandEnd>;
  /** The usual timeout in milliseconds: longer where a person is there whom a password manager may ask. */
  readonly patience: () => number;
  /** The file in which the command is written; null: it stood on the command line. */
  readonly configFile: string | null;
}

/** In bytes: far more than a key. */
const LIMIT = 4096;

/**
 * A program that prints the key, as password managers do: `pass show …`, `op read …`, `age -d …`. What it says besides
 * is its own business and never quoted; its arguments may be private and stay out of messages too.
 *
 * @param command the program, then its arguments
 * @param timeout milliseconds; null for the usual one
 */
export function commandSource(
  command: readonly string[],
  timeout: number | null,
  { run, patience, configFile }: CommandParts,
): GivenKeySource {
  const [named = ''] = command;
  const full = isAbsolute(named);
  const program = basename(named);
  const place = `command ${program}`;
  const written = configFile === null ? '' : ` under keySource in ${quoted(configFile)}`;
  const byHand = `run the command${written} by hand, and see what it prints`;
  return {
    kind: 'command',
    keys: 'given',
    setting: { kind: 'command', command, timeout },
    place,
    path: null,
    recipe: recipeFor(command),
    ifWrong: `${byHand}: it must be the key that was made for this vault`,
    async load() {
      const bound = timeout ?? patience();
      const end = await run(command, bound, LIMIT);
      switch (end.kind) {
        case 'not_found':
          throw new VaultError('key_unavailable', `the ${place}, which prints the key, was not found`, {
            hint: full
              ? `see what is there: ls -l ${inQuotes(named)}`
              : `name it by its full path${written}; this shows it: command -v ${program}`,
          });
        case 'not_executable':
          throw new VaultError('key_unavailable', `the ${place}, which prints the key, cannot be run`, {
            hint: `see whether you may: ${full ? 'ls -l' : 'type -a'} ${inQuotes(named)}`,
          });
        case 'timed_out':
          throw new VaultError(
            'key_timed_out',
            `the ${place} did not print the key within ${formatDuration(bound)}`,
            {
              hint: `${byHand}\nwhere it asks somebody and nobody is there, unlock it first`,
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
        `the ${place} ended with exit code ${exitCode} and gave no key`,
        {
          hint: `${byHand}\nwhere it asks somebody and nobody is there, unlock it first`,
        },
      );
    } finally {
      stdout.fill(0);
    }
  }
}

/** How to put a key where the command will find it, for the programs people use most. */
function recipeFor(command: readonly string[]): string {
  const program = basename(command[0] ?? '');
  const name = command.slice(1).filter((word) => !word.startsWith('-') && word !== 'show')[0];
  if ((program === 'pass' || program === 'gopass') && name !== undefined && /^[\w./-]+$/.test(name)) {
    return `${NEW_KEY} | ${program} insert ${program === 'pass' ? '-m ' : ''}${name}`;
  }
  return `${NEW_KEY}, stored where ${quoted(program)} finds it`;
}
