import { type ErrorCode, VaultError } from './errors.js';

export type FindingStatus =
  | 'ok'
  /** It works, and may stop working or is not safe. */
  | 'warning'
  /** It does not work, or a secret is exposed. */
  | 'problem'
  /** Not checked, and why. */
  | 'skipped';

export interface Finding {
  readonly status: FindingStatus;
  /** What was found, then why; no capital at the start, no full stop at the end. */
  readonly message: string;
  /** The exact command or step that helps; every warning and problem has one. */
  readonly remedy: string | null;
  /** The error code of a command that meets this problem; null for other findings. */
  readonly code: ErrorCode | null;
  readonly account: string | null;
  readonly provider: string | null;
}

type About = Partial<Pick<Finding, 'account' | 'provider'>>;

const NOTHING = { remedy: null, code: null, account: null, provider: null };

export function fine(message: string, about: About = {}): Finding {
  return { ...NOTHING, status: 'ok', message, ...about };
}

export function skipped(message: string, remedy: string | null = null, about: About = {}): Finding {
  return { ...NOTHING, status: 'skipped', message, remedy, ...about };
}

export function warning(message: string, remedy: string, about: About = {}): Finding {
  return { ...NOTHING, status: 'warning', message, remedy, ...about };
}

export function problem(code: ErrorCode, message: string, remedy: string, about: About = {}): Finding {
  return { ...NOTHING, status: 'problem', code, message, remedy, ...about };
}

/** The error of a command as a finding. The message of its cause is not included. */
export function problemOf(failure: VaultError, about: About = {}): Finding {
  const remedy = failure.hint ?? 'run it again with --verbose and report the output';
  return problem(failure.code, failure.message, remedy, about);
}

/** What a check finds; an error that it throws is a problem. */
export function orProblem<T>(check: () => T): T | Finding {
  try {
    return check();
  } catch (failure) {
    if (failure instanceof VaultError) return problemOf(failure);
    throw failure;
  }
}

/** Thrown where a check is impossible because of a problem that another check reports. */
export class NotChecked extends Error {
  override readonly name = 'NotChecked';
}
