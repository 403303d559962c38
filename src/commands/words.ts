import type { AccountStatus } from '../domain/account.js';
import { readable } from '../domain/scopes.js';
import type { Theme } from '../ui/io.js';

/**
 * A scope as short as a table needs it: the last part of one that is an address, so that
 * `https://www.googleapis.com/auth/gmail.readonly` reads `gmail.readonly`.
 */
export function shortScope(scope: string): string {
  const match = /^https?:\/\/([^/]+)((?:\/[^/]+)*)\/?$/.exec(scope);
  const short = match === null ? scope : match[2]?.split('/').at(-1) || (match[1] ?? scope);
  return readable(short);
}

/** Colours a status, which may have been cut to the width of its column. */
export function paintStatus(status: string, theme: Theme): string {
  return theme[STATUS_STYLE[status as AccountStatus] ?? 'yellow'](status);
}

const STATUS_STYLE: Record<AccountStatus, keyof Theme> = {
  active: 'green',
  insufficient_scope: 'yellow',
  login_needed: 'red',
  failing: 'yellow',
  revoked: 'dim',
};

/** Colours what became of an account. */
export function paintOutcome(outcome: string, theme: Theme): string {
  if (/^(?:refreshed|revoked|would_)/.test(outcome)) return theme.green(outcome);
  if (outcome === 'skipped') return theme.dim(outcome);
  return /^(?:forgotten|transient|busy)/.test(outcome) ? theme.yellow(outcome) : theme.red(outcome);
}

/** The hints of an error, a line each, to stand below a line that says what is wrong. */
export function hintLines(hint: string | undefined): readonly string[] {
  return hint === undefined ? [] : hint.split('\n').map((line) => `  hint: ${line}`);
}
