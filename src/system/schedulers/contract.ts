import { VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import type { BoundedEnd } from '../processes/child.js';

export const SCHEDULER_KINDS = ['systemd', 'cron', 'launchd'] as const;
export type SchedulerKind = (typeof SCHEDULER_KINDS)[number];

/** Times of day, by the machine's clock. */
export interface Times {
  readonly hours: readonly number[] | 'every';
  readonly minutes: readonly number[] | 'every';
}

/** Identifies a job. */
export interface JobName {
  readonly purpose: 'refresh' | 'agent';
  /** Distinguishes vaults, in letters, digits and `.`, `_`, `-`: `token-vault-refresh-work`. */
  readonly name: string;
  /** The folder of the vault. */
  readonly vault: string;
}

/** A command of this program to run unattended. */
export interface Job extends JobName {
  readonly summary: string;
  /** The first word is an absolute path. */
  readonly command: readonly [program: string, ...args: string[]];
  /** What the command needs and a scheduler does not set. No secret: others may read it. */
  readonly env: Readonly<Record<string, string>>;
  /** Null: it starts with the session or the machine, and is kept running. */
  readonly times: Times | null;
  /** A file with the master key, passed as a systemd credential. */
  readonly credential: { readonly name: string; readonly path: string } | null;
  /** Whether set-user-ID and set-group-ID programs may be disabled for it. */
  readonly confined: boolean;
  /** Where its messages go, when the scheduler keeps none. */
  readonly log: string;
}

export interface Plan {
  /** For the crontab; null elsewhere. */
  readonly block: string | null;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Commands that activate it once the files exist. */
  readonly commands: readonly string[];
}

export interface Installed {
  /** False when it was installed already, unchanged. */
  readonly changed: boolean;
  /** Whether the scheduler has activated it. Otherwise the user has to run the plan's commands. */
  readonly active: boolean;
  /** What the user should know or do, a sentence each. */
  readonly notes: readonly string[];
}

export interface Scheduler {
  readonly kind: SchedulerKind;
  /** Whether this machine has it, and this user may use it. */
  available(): Promise<boolean>;
  /** Changes nothing. @throws VaultError `config_invalid` when it cannot hold the job */
  plan(job: Job): Plan;
  /**
   * Activates the job and replaces an earlier one of its name. Everything else stays unchanged.
   *
   * @throws VaultError `config_invalid` when it cannot hold the job, or a file of the user is in its place;
   *   `scheduler_failed`; `vault_permissions` when the home, or the path to what is written, is another user's or open to
   *   one
   */
  install(job: Job): Promise<Installed>;
  /** Commands that remove it by hand, where `uninstall` cannot. */
  undo(job: JobName): readonly string[];
  /** @returns false when it was not installed. @throws VaultError `scheduler_failed`, `vault_permissions` */
  uninstall(job: JobName): Promise<boolean>;
}

export interface Machine {
  /** Identifies this machine and user. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  /** Null when the user list does not have the user. */
  readonly user: string | null;
  readonly home: string;
  readonly files: Files;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<BoundedEnd>;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  /** Added to the machine's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The comment by which a job is found again. */
export function jobMarker({ purpose, vault }: JobName): string {
  return `token-vault ${purpose}: ${vault}`;
}

/** A line break would begin a new entry, and no scheduler can escape it. @throws VaultError `config_invalid` */
export function assertNoControls(job: Job): void {
  const named = [
    ['the path of the vault', job.vault],
    ...job.command.map((word) => ['the command line', word] as const),
    ...Object.entries(job.env),
    ...(job.credential === null ? [] : [['the path of the credential', job.credential.path] as const]),
  ] as const;
  for (const [what, value] of named) {
    if (!/[\x00-\x1f\x7f]/.test(value)) continue;
    throw new VaultError('config_invalid', `${what} contains a line break or another control character`, {
      hint: 'no scheduler can store such a path; use one without control characters',
    });
  }
}

/** Quotes a word for any shell, without a backslash, which shells read differently within quotes. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
