import type { ErrorCode, VaultError } from './errors.js';

/** What a check of `vault doctor` found. */
export type FindingStatus =
  | 'ok'
  /** It works, and may stop working or is not safe. */
  | 'warning'
  /** It does not work, or a secret is exposed. */
  | 'problem'
  /** Not looked at, and why. */
  | 'skipped';

export interface Finding {
  readonly status: FindingStatus;
  /** What is so, and why; no capital at the start, no full stop at the end. */
  readonly message: string;
  /** The exact command or step that helps; every warning and problem has one. */
  readonly remedy: string | null;
  /** What a command that meets this problem fails with; null for what is none. */
  readonly code: ErrorCode | null;
  /** The name of the account it is about. */
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

/** @param code what a command that meets it fails with */
export function problem(code: ErrorCode, message: string, remedy: string, about: About = {}): Finding {
  return { ...NOTHING, status: 'problem', code, message, remedy, ...about };
}

/** An error that a command would end with, as a finding. Only its own words are passed on, never those of its cause. */
export function problemOf(failure: VaultError, about: About = {}): Finding {
  const remedy = failure.hint ?? 'run it again with --verbose and report what it prints';
  return problem(failure.code, failure.message, remedy, about);
}

/** Thrown where something cannot be looked at because of what another check reports. */
export class NotLookedAt extends Error {
  override readonly name = 'NotLookedAt';
}
