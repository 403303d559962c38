import type { ThroughAgent } from '../audit/events.js';
import type { DemoRequest, DemoTalk } from '../demo/contract.js';
import type { Account } from '../domain/account.js';
import type { VaultError } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import type { AgentUseCases } from './agent/agent-contract.js';
import type { BackgroundUseCases } from './background/background-contract.js';
import type { BackupUseCases } from './backup/backup.js';
import type { HealthUseCases } from './doctor/health-contract.js';
import type { IntegrityUseCases } from './integrity/integrity.js';

export type * from './agent/agent-contract.js';
export type * from './background/background-contract.js';
export type * from './backup/backup.js';
export type * from './integrity/integrity.js';
export type { DemoRequest, DemoTalk };

export interface TokenRequest {
  /** A name, a provider or a unique beginning of a name; null: the only account there is. */
  readonly selector: string | null;
  /** The token must be good for at least this long, in milliseconds. */
  readonly minValid: number;
  /** Fail if the token expires sooner, instead of warning: the caller shows no warnings. */
  readonly insist?: boolean;
  readonly scopes: readonly string[];
  /** Refresh whatever the clock says. */
  readonly refresh: boolean;
  /** Return a token that is not a Bearer token as well: the caller prints its type. */
  readonly anyType?: boolean;
  /** Some formats name the mailbox; then the identity is unsealed too. */
  readonly withIdentity: boolean;
  /** Who asked the agent, for the audit trail. */
  readonly caller?: ThroughAgent;
}

export interface ValidToken {
  readonly account: Pick<Account, 'provider' | 'label' | 'tokenType' | 'expiresAt' | 'grantedScopes'>;
  readonly accessToken: Secret;
  /** The account's mailbox; null unless `withIdentity` was set, or when the provider did not report one. */
  readonly email: string | null;
  /** For stderr. */
  readonly warning: string | null;
}

export interface ExecRequest {
  readonly selector: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The environment variable that holds the token. */
  readonly variable: string;
  /** The exit code by which the program says that its token was refused; null: none does. */
  readonly retryExit: number | null;
  /** Milliseconds. */
  readonly minValid: number;
  readonly scopes: readonly string[];
}

export interface RefreshRequest {
  /** Empty with `all` or `provider`. */
  readonly selectors: readonly string[];
  readonly all: boolean;
  readonly provider: string | null;
  /** Due is what ends within this time, in milliseconds. */
  readonly within: number;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly concurrency: number;
}

export type RefreshResultKind =
  | 'refreshed'
  | 'skipped'
  | 'would_refresh'
  | 'login_needed'
  | 'transient'
  | 'refused'
  | 'busy'
  | 'error';

export interface RefreshResult {
  readonly account: Account;
  readonly outcome: RefreshResultKind;
  /** Why, in words. */
  readonly reason: string;
  readonly error: VaultError | null;
  /** What the account had been granted and this refresh did not bring; left out where it lost nothing. */
  readonly withdrawnScopes?: readonly string[];
  /** What a person should know of the answer though it was a good one; left out where there is nothing. */
  readonly warning?: string;
  /**
   * When the first attempt was begun of which it is not known whether the provider replaced the refresh token, milliseconds
   * since the epoch; left out where nothing is open.
   */
  readonly openSince?: number;
}

export interface RefreshReport {
  readonly results: readonly RefreshResult[];
}

/** Called as each account is done, in the order of completion. */
export type RefreshProgress = (result: RefreshResult, done: number, total: number) => void;

/** Everything a command can ask for. `app.ts` wires it; each part is loaded when it is first called. */
export interface UseCases
  extends AgentUseCases,
    BackgroundUseCases,
    BackupUseCases,
    HealthUseCases,
    IntegrityUseCases {
  token(request: TokenRequest): Promise<ValidToken>;
  /**
   * Runs a program with a token in its environment.
   *
   * @param warn told what a person should know though nothing failed
   * @returns its exit code
   */
  exec(request: ExecRequest, warn: (line: string) => void): Promise<number>;
  refresh(request: RefreshRequest, progress: RefreshProgress): Promise<RefreshReport>;
  /** A walk through everything against the embedded authorization server. */
  demo(request: DemoRequest, talk: DemoTalk): Promise<void>;
  /** Frees files and sockets; called once, at the end. */
  close(): Promise<void>;
}
