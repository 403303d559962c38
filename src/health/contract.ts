import type { Abuse } from '../audit/abuse.js';
import type { SettingsSources } from '../config/settings.js';
import type { Account } from '../domain/account.js';
import type { VaultError } from '../domain/errors.js';
import type { Finding } from '../domain/finding.js';
import type { KeySource } from '../keysources/contract.js';
import type { Inspection } from '../stores/inspection.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { FoundAnswer } from '../stores/spill.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { ReadOnlyFs } from '../system/files/read-only.js';
import type { Probe } from '../system/http/http-probe.js';
import type { Addon, AddonRecord } from '../system/native-addon.js';
import type { Keyring } from '../vault/keyring.js';

/*
 * What `vault doctor` looks at. It is an axis: one file a check, listed in index.ts, every member runs the contract
 * suite. A check changes nothing, opens no browser, asks nobody and refreshes nothing; it never prints a secret.
 */

/** Checks that stand together are shown together. */
export const CHECK_GROUPS = ['vault', 'providers', 'accounts', 'surroundings', 'cron'] as const;
export type CheckGroup = (typeof CHECK_GROUPS)[number];

export interface Check {
  /** In snake_case; a part of the JSON API. */
  readonly name: string;
  /** A word or two for people. */
  readonly title: string;
  readonly group: CheckGroup;
  /**
   * At least one finding. What is thrown becomes a finding as well: a VaultError a problem, a {@link NotLookedAt} a
   * skipped one.
   */
  run(deps: HealthDeps): Promise<readonly Finding[]>;
}

/** A source that could give this vault's master key. */
export interface KnownKeySource {
  readonly source: KeySource;
  /** Whether commands use it as things are set now. */
  readonly inUse: boolean;
}

/** A source whose key was tried on this vault. */
export interface TriedKey extends KnownKeySource {
  /** `opens`, or why it does not. */
  readonly outcome: 'opens' | VaultError;
}

/** How a person types what helps an account; each is fit for a shell. */
export interface AccountCommands {
  login(account: Account): string;
  widen(account: Account, missing: readonly string[]): string;
  /** What can be done when the provider may have replaced the refresh token. @param now milliseconds since the epoch */
  afterLostAnswer(account: Account, now: number): string;
  /** The account's name. */
  name(account: Account): string;
  /** Any word, a path for example. */
  quoted(word: string): string;
}

/** What runs for the vault when nobody is there. */
export interface BackgroundState {
  /** In words, what would refresh tokens here: `the agent runs (process 4711)`; empty when nothing does. */
  readonly helpers: readonly string[];
  /** Whether this program has set a job up that refreshes, with what it needs. */
  readonly jobIsSetUp: boolean;
}

/** What a program that was run for a moment answered; null when there is none of that name or it was too slow. */
export type ShortRun = { readonly exitCode: number; readonly stdout: string } | null;

/** The native addon as it is, and as it was recorded. */
export interface AddonState {
  readonly addon: Addon;
  /** In hex. */
  readonly sha256: string;
  /** Where it is recorded. */
  readonly file: string;
  readonly recorded: AddonRecord | null;
}

/** Everything a check may look at. What several checks need is fetched once. */
export interface HealthDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly versions: Host['versions'];
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  /** Somebody sits at the terminal, whom other commands would ask. */
  readonly person: boolean;
  readonly paths: Paths;
  /** The `.env` that counts: the one asked for, or the one in the configuration folder. */
  readonly envFile: string;
  /** Whether that `.env` was named on the command line, so that it must be there. */
  readonly envFileNamed: boolean;
  readonly clock: Clock;
  readonly look: ReadOnlyFs;
  /** Reads only: what would change anything throws. */
  readonly files: Files;
  /** Refuses a folder that others could exchange, as all commands do. @throws VaultError `vault_permissions` */
  readonly assertTrustedPath: (folder: string) => void;
  /** Refuses the place of the agent's socket where somebody else could answer. @throws VaultError `vault_permissions` */
  readonly refuseUnsafeSocket: () => void;
  /**
   * Asks for a page, once for all checks, within a few seconds; null where nothing may be sent.
   *
   * @throws TransportFailure
   */
  readonly visit: ((url: string) => Promise<Probe>) | null;
  readonly commands: AccountCommands;
  /** Settings of providers. @throws NotLookedAt when they cannot be read; the check `configuration` says why */
  readonly settings: () => Promise<SettingsSources>;
  /** The database, opened for reading; null when there is no vault. @throws VaultError */
  readonly inspect: () => Promise<Inspection | null>;
  /** Where there is no vault: the error that one was used here before; null when none was. */
  readonly vanished: () => Promise<VaultError | null>;
  /** Empty when there is no vault. @throws NotLookedAt when it cannot be read; the check `database` says why */
  readonly accounts: () => Promise<readonly Account[]>;
  /** When a grant probably ends whose end the provider does not tell; null when nothing speaks for it. */
  readonly likelyEnd: (
    account: Account,
  ) => Promise<{ readonly at: number; readonly why: string | null } | null>;
  /** What lies beside the vault because it could not take it: answers of providers and finished logins. */
  readonly waiting: () => readonly FoundAnswer[];
  /** All of the vault, the one in use first. @throws VaultError `config_invalid` */
  readonly keySources: () => Promise<readonly KnownKeySource[]>;
  /** Each source of the vault, tried once. @throws VaultError `config_invalid`, and as the vault */
  readonly triedKeys: () => Promise<readonly TriedKey[]>;
  /** The keys of the vault, from any source that opens it. @throws NotLookedAt when none does */
  readonly keyring: () => Promise<Keyring>;
  /** What is kept of the vault outside its database. @throws NotLookedAt where this machine was never told from others */
  readonly marks: () => Promise<RollbackMarks>;
  readonly background: () => Promise<BackgroundState>;
  /** What the last day's events tell of abuse. @throws NotLookedAt when they cannot be read */
  readonly abuse: () => Promise<readonly Abuse[]>;
  /** Null where there is none in the place from which it is loaded. */
  readonly addon: () => Promise<AddonState | null>;
  /** Whether a program could listen there now. */
  readonly portIsFree: (host: string, port: number) => Promise<boolean>;
  /** Runs a program for a moment, without input and with a small environment. */
  readonly run: (program: string, args: readonly string[]) => Promise<ShortRun>;
}
