import { ERROR_CODES, type ErrorCode } from '../../domain/errors.js';
import type { Finding, FindingStatus } from '../../domain/finding.js';
import { jsonObject } from '../../domain/json.js';
import type { CheckResult } from '../../health/run.js';

/** How a command of this program ended; null when it was not through in time. */
export type CommandEnd = { readonly exitCode: number; readonly stdout: string } | null;

/** What the two commands said that were run as cron would run them. */
export interface Rehearsal {
  /** Empty where the checks could not be run. */
  readonly results: readonly CheckResult[];
  /** What would become of each account; null where the command failed. */
  readonly accounts: readonly RehearsedAccount[] | null;
  /** Why one of the commands failed; null where both went well. */
  readonly error: RehearsedError | null;
}

export interface RehearsedAccount {
  readonly account: string;
  readonly outcome: string;
  readonly reason: string;
}

export interface RehearsedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
}

/** A check as the command that prints it knows it. */
export type KnownCheck = CheckResult['check'];

/**
 * Reads the documents that `vault doctor --json` and `vault refresh --dry-run --json` printed.
 *
 * @param checks all there are
 */
export function readRehearsal(
  doctor: CommandEnd,
  refresh: CommandEnd,
  checks: readonly KnownCheck[],
): Rehearsal {
  const report = jsonObject(doctor?.stdout ?? '') ?? {};
  const dryRun = jsonObject(refresh?.stdout ?? '') ?? {};
  const findings = list(report['checks']);
  const results = checks.flatMap((check): CheckResult[] => {
    const own = findings.filter((each) => each['check'] === check.name).map(findingOf);
    return own.length === 0 ? [] : [{ check, findings: own }];
  });
  const accounts = Array.isArray(dryRun['results']) ? list(dryRun['results']).map(accountOf) : null;
  const failed = accounts === null ? dryRun : results.length === 0 ? report : null;
  return { results, accounts, error: failed === null ? null : errorOf(failed) };
}

type Members = Readonly<Record<string, unknown>>;

function members(value: unknown): Members {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function list(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(members) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function code(value: unknown): ErrorCode | null {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value) ? (value as ErrorCode) : null;
}

function findingOf(each: Members): Finding {
  return {
    status: (text(each['status']) ?? 'problem') as FindingStatus,
    message: text(each['message']) ?? '',
    remedy: text(each['remedy']),
    code: code(each['code']),
    account: text(each['account']),
    provider: text(each['provider']),
  };
}

function accountOf(each: Members): RehearsedAccount {
  return {
    account: text(each['account']) ?? '',
    outcome: text(each['outcome']) ?? '',
    reason: text(each['reason']) ?? '',
  };
}

function errorOf(document: Members): RehearsedError {
  const error = members(document['error']);
  return {
    code: code(error['code']) ?? 'unexpected',
    message: text(error['message']) ?? 'the command ended without a word, or not in time',
    hint: text(error['hint']),
  };
}
