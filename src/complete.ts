import { createRequire } from 'node:module';
import { answer, type Names, type Table } from './complete/answer.js';
import { harmless } from './domain/safe-text.js';
import { accountNames } from './stores/completion-names.js';
import type { Host } from './system/contract.js';
import { readOnlyFiles } from './system/files/read-only.js';
import { resolvePaths } from './system/paths.js';
import { profileNames } from './system/profiles.js';

/*
 * `vault __complete -- INDEX WORD…`, which the completion of every shell runs. It is a bundle of its own beside main.ts, and
 * touches no key, no network and no file but to read it. If anything fails, it prints no words and no error. Node reads some
 * options as its own at any position, but not after `--`.
 *
 * stdout has a line for each word to choose from, with a tab and what it means; then one line `:words`, `:files`, or
 * `:program INDEX` where the command line of another program begins at that word. INDEX counts from 0, without `vault`.
 */

const CONFIG_LIMIT = 1024 * 1024;

type Caller = Pick<Host, 'env' | 'platform'> & { geteuid?(): number };

/** @param args what follows `__complete` @returns what goes to stdout; empty when the arguments make no sense */
export function complete([, index = '', ...words]: readonly string[], caller: Caller): string {
  if (!/^\d{1,4}$/.test(index)) return '';
  const table: Table = createRequire(import.meta.url)('./commands.json');
  const found = answer(table, words, Number(index), namesOf(caller));
  if (found.kind === 'files') return ':files\n';
  if (found.kind === 'program') return `:program ${found.at}\n`;
  const lines = found.candidates
    // Leaves out words with control characters: they would break the line, and a terminal would act on them.
    .filter(({ word }) => harmless(word) === word)
    .map(({ word, says }) => `${word}\t${says}\n`);
  return `${lines.join('')}:words\n`;
}

/** The names on this machine. */
export function namesOf(caller: Caller): Names {
  const files = readOnlyFiles(caller.geteuid?.());
  return {
    accounts: (profile) => orNone(() => accountNames(resolvePaths(caller, profile).database, files)),
    providers: (profile) =>
      orNone(() => {
        const text = files.read(resolvePaths(caller, profile).configFile, CONFIG_LIMIT);
        return Object.keys(JSON.parse(text?.toString('utf8') ?? '{}').providers ?? {});
      }),
    profiles: () => orNone(() => profileNames(caller)),
  };
}

function orNone(names: () => readonly string[]): readonly string[] {
  try {
    return names();
  } catch {
    return [];
  }
}
