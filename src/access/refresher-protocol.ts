import type { Account } from '../domain/account.js';
import { type ErrorCode, EXIT_CODES, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { jsonObject } from '../domain/json.js';
import type { RefreshOutcome } from '../domain/status.js';
import type { LoadedKey } from '../keysources/key-memory.js';

/*
 * The protocol of a command and its refresher process: JSON lines over the refresher's stdin and stdout. First the setup, then
 * any number of orders, each answered by one report, perhaps after a pause that the provider asks for; after the last report, DONE. No token is sent: both sides open the vault.
 */

/** How long a refresh tries to reach the provider; see services/refresh/refresh-send. */
export type RetryPolicyName = 'none' | 'short' | 'long';

/** Whether the concurrency limit applies to such a refresh. If a user or a script waits for the token, it is sent at once. */
export function isLimited(policy: RetryPolicyName): boolean {
  return policy === 'long';
}

/** The first line. */
export interface RefresherSetup {
  readonly profile: string | null;
  /** Absolute. */
  readonly envFile: string | null;
  /** How many of the requests to which the limit applies are sent at a time. */
  readonly concurrency: number;
  /**
   * Provider settings from the environment of the command. Some are secret, and an environment can be read by the user's
   * other programs.
   */
  readonly settings: Readonly<Record<string, string>>;
  /** The master key, in base64. Without it the refresher loads the key itself. */
  readonly key?: { readonly reference: string; readonly key: string };
}

/** The account as it was when its refresh was decided on. */
export type SeenAccount = Pick<Account, 'id' | 'generation' | 'failures'>;

export interface RefreshOrder {
  readonly account: SeenAccount;
  readonly policy: RetryPolicyName;
  /** Sent even while the outcome of an earlier attempt is open: asked for by name, or no usable token is left. */
  readonly evenIfOpen: boolean;
}

export interface RefreshReportLine {
  /** The account's id. */
  readonly account: string;
  readonly kind: RefreshOutcome['kind'] | 'error';
  readonly warning?: string;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
}

export function setupLine(setup: Omit<RefresherSetup, 'key'>, { reference, key }: LoadedKey): string {
  return `${JSON.stringify({ ...setup, key: { reference, key: key.toString('base64') } })}\n`;
}

/** @returns the key that was sent; the caller wipes it */
export function handedKey({ key }: RefresherSetup): LoadedKey | null {
  return key === undefined ? null : { reference: key.reference, key: Buffer.from(key.key, 'base64') };
}

export function orderLine({
  account: { id, generation, failures },
  policy,
  evenIfOpen,
}: RefreshOrder): string {
  return `${JSON.stringify({ account: { id, generation, failures }, policy, evenIfOpen })}\n`;
}

export function reportLine(account: string, outcome: RefreshOutcome | VaultError): string {
  const error = outcome instanceof VaultError ? outcome : 'error' in outcome ? outcome.error : null;
  const report: RefreshReportLine = {
    account,
    kind: outcome instanceof VaultError ? 'error' : outcome.kind,
    ...('warning' in outcome && { warning: outcome.warning }),
    error: error && {
      code: error.code,
      message: error.message,
      hint: error.hint ?? null,
      details: error.details,
    },
  };
  return `${JSON.stringify(report)}\n`;
}

export interface PauseLine {
  /** The account's id. */
  readonly account: string;
  /** Milliseconds. */
  readonly pause: number;
}

export function pauseLine(account: string, milliseconds: number): string {
  return `${JSON.stringify({ account, pause: milliseconds } satisfies PauseLine)}\n`;
}

/** @returns null for a line that is not of a pause */
export function readPause(line: string): PauseLine | null {
  const value = jsonObject(line);
  return typeof value?.['pause'] === 'number' ? (value as unknown as PauseLine) : null;
}

/** @returns null for a line that is not a report */
export function readReport(line: string): RefreshReportLine | null {
  const value = jsonObject(line);
  if (value === null || !('account' in value) || !('kind' in value)) return null;
  const report = value as unknown as RefreshReportLine;
  return report.error === null || Object.hasOwn(EXIT_CODES, report.error?.code) ? report : null;
}

/** The refresher has reported everything and closed the vault. The end of the process would take many times longer. */
export const DONE = '"done"';

/** @param account as it is now */
export function outcomeOf(report: RefreshReportLine, account: Account): RefreshOutcome | VaultError {
  const { kind, warning } = report;
  if (kind === 'adopted') return { kind, account };
  if (kind === 'refreshed') return { kind, account, ...(warning !== undefined && { warning }) };
  const { code, message, hint, details } = report.error ?? interruptedReport();
  const error = new VaultError(code, message, hint === null ? { details } : { hint, details });
  return kind === 'error' ? error : { kind, account, error };
}

/** Replaces the missing report of a refresher that ended early. */
export function interruptedReport(): NonNullable<RefreshReportLine['error']> {
  return {
    code: 'refresh_interrupted',
    message:
      'the process that refreshed the account ended early; if it had sent the request, the provider may have replaced the refresh token',
    hint: `to see each refresh whose outcome is open, and what to do: ${command('doctor')}`,
    details: {},
  };
}
