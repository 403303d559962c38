import { type Account, accountName } from '../domain/account.js';
import { type ErrorCode, EXIT_CODES, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { count } from '../domain/wording.js';
import type { Column, Io, Theme } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import { hintLines } from './account-view.js';
import type { OptionSpec, RawInput } from './spec.js';
import { given, names, text } from './spec.js';

/* What refresh and revoke share: selecting several accounts, and reporting the result for each. */

/** The result for one account. */
interface Result<Outcome extends string> {
  readonly account: Account;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly error: VaultError | null;
}

/** For each outcome that is a failure, its code where the result has no error; null for the others. */
export type FailureCodes<Outcome extends string> = Readonly<Record<Outcome, ErrorCode | null>>;

interface Selection {
  readonly selectors: readonly string[];
  readonly all: boolean;
  readonly provider: string | null;
}

export const SELECTION_OPTIONS: readonly OptionSpec[] = [
  { flags: '--all', description: 'every account' },
  { flags: '--provider <name>', description: 'every account of this provider', values: 'provider' },
];

/** How people read an outcome; its identifier is in `--json`. */
export type OutcomeWords<Outcome extends string> = Readonly<
  Record<Outcome, readonly [words: string, style: keyof Theme]>
>;

/**
 * The accounts that a command is for. Naming none does not select all.
 *
 * @throws VaultError `usage`
 */
export function selection(raw: RawInput): Selection {
  const selectors = names(raw, 'the name of an account');
  const all = given(raw, '--all');
  const provider = text(raw, '--provider');
  const chosen = all || provider !== null;
  if (selectors.length > 0 && chosen) {
    throw new VaultError('usage', 'name accounts, or use --all or --provider, but not both');
  }
  if (selectors.length === 0 && !chosen) {
    throw new VaultError('usage', 'name an account, or use --all or --provider', {
      hint: `to list the accounts: ${command('list')}`,
    });
  }
  return { selectors, all, provider };
}

/** The table of a dry run. */
export function outcomeTable<Outcome extends string>(
  results: readonly Result<Outcome>[],
  words: OutcomeWords<Outcome>,
  io: Io,
): void {
  const styles = new Map<string, keyof Theme>(Object.values(words));
  const columns: readonly Column[] = [
    { title: 'ACCOUNT' },
    { title: 'OUTCOME', paint: (cell, theme) => theme[styles.get(cell) ?? 'red'](cell) },
    { title: 'WHY', shrink: true },
  ];
  const rows = results.map(({ account, outcome, reason }) => [
    accountName(account),
    words[outcome][0],
    reason,
  ]);
  printTable(io, columns, rows);
}

/**
 * Ends a command over several accounts. With `--json` the document contains the failures, and only the exit code is set.
 * Otherwise each failure is printed with its hint, and the command fails.
 *
 * @param ending `single`: one account was asked for by its name, so its failure is the command's own;
 *   `summary` is printed after the failures; `participle` completes `2 of 5 accounts could not be …`
 * @throws VaultError the failure itself of a single account; `some_failed`
 */
export function concludeBulk<Outcome extends string>(
  results: readonly Result<Outcome>[],
  codes: FailureCodes<Outcome>,
  ending: { readonly single: boolean; readonly participle: string; readonly summary?: () => void },
  io: Io,
): void {
  const failures = results.flatMap((result) => failureOf(result, codes));
  const [first] = failures;
  if (first === undefined) {
    ending.summary?.();
    return;
  }
  if (io.json) {
    io.exitCode = ending.single ? first.error.exitCode : EXIT_CODES.some_failed;
    return;
  }
  if (ending.single) throw first.error;
  for (const { name, reason, error } of failures) {
    io.warn(reason.includes(name) ? reason : `${name}: ${reason}`, 'red');
    for (const line of hintLines(error.hint)) io.warn(line);
  }
  ending.summary?.();
  const accounts = count(results.length, 'account');
  throw new VaultError('some_failed', `${failures.length} of ${accounts} could not be ${ending.participle}`);
}

function failureOf<Outcome extends string>(result: Result<Outcome>, codes: FailureCodes<Outcome>) {
  const code = codes[result.outcome];
  if (code === null) return [];
  const name = accountName(result.account);
  const { reason } = result;
  return [{ name, reason, error: result.error ?? new VaultError(code, `${name}: ${reason}`) }];
}
