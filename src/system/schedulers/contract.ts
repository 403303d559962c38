import { VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import type { BoundedEnd } from '../processes/child.js';

/** What can start a program by itself, each in its own way. */
export const SCHEDULER_KINDS = ['systemd', 'cron', 'launchd'] as const;
export type SchedulerKind = (typeof SCHEDULER_KINDS)[number];

/** Times of day, by the machine's clock. */
export interface Times {
  readonly hours: readonly number[] | 'every';
  readonly minutes: readonly number[] | 'every';
}

/** By what a job is found again. */
export interface JobName {
  readonly purpose: 'refresh' | 'agent';
  /** Tells it from that of another vault, in letters, digits and `.`, `_`, `-`: `token-vault-refresh-work`. */
  readonly name: string;
  /** The folder of the vault it is for. */
  readonly vault: string;
}

/** A command line of this program to be run unattended. */
export interface Job extends JobName {
  readonly summary: string;
  /** The first word is an absolute path. */
  readonly command: readonly [program: string, ...args: string[]];
  /** What the command needs and an unattended run would lack. No secret: others may read it. */
  readonly env: Readonly<Record<string, string>>;
  /** Null: it starts with the session or the machine, and is kept running. */
  readonly times: Times | null;
  /** A file that holds the master key, to be handed over as a systemd credential. */
  readonly credential: { readonly name: string; readonly path: string } | null;
  /** Whether it may lose the way to more rights, which set-user-ID and set-group-ID programs need. */
  readonly confined: boolean;
  /** Where its messages go, when the scheduler has no place of its own for them. */
  readonly log: string;
}

/** A job as a scheduler takes it down. */
export interface Plan {
  /** What goes into the crontab; null elsewhere. */
  readonly block: string | null;
  /** What goes into files of its own. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Command lines that put it into force, once the files are there. */
  readonly commands: readonly string[];
}

export interface Installed {
  /** False when it was there just like this. */
  readonly changed: boolean;
  /** Whether the scheduler has taken it up. Otherwise the plan's commands are left to be typed. */
  readonly active: boolean;
  /** What a person should know or do, a sentence each. */
  readonly notes: readonly string[];
}

/** One way to have a job run. */
export interface Scheduler {
  readonly kind: SchedulerKind;
  /** Whether this machine has it, and it answers this user. */
  available(): Promise<boolean>;
  /** Changes nothing. @throws VaultError `config_invalid` when it cannot hold the job */
  plan(job: Job): Plan;
  /**
   * Puts the job into force, in place of an earlier one of its name. Whatever else is there stays as it is.
   *
   * @throws VaultError `config_invalid` when it cannot hold the job, or something of another's is in the way;
   * `scheduler_failed` when it refuses; `vault_permissions` when the home, or the way to what is written, is another
   * user's or open to one
   */
  install(job: Job): Promise<Installed>;
  /** Command lines that take it back by hand, where `uninstall` cannot. */
  undo(job: JobName): readonly string[];
  /** @returns false when it was not there. @throws VaultError `scheduler_failed`, `vault_permissions` */
  uninstall(job: JobName): Promise<boolean>;
}

/** What schedulers do their work with. */
export interface Machine {
  /** Tells this machine and user from others. */
  readonly name: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  /** The user's login name; null where the system's list does not have it. */
  readonly user: string | null;
  readonly home: string;
  readonly files: Files;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<BoundedEnd>;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  /** Over the machine's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Where both are needed: what a scheduler's file says of a job so that it is found again. */
export function jobMarker({ purpose, vault }: JobName): string {
  return `token-vault ${purpose}: ${vault}`;
}

/** A line break would begin a new entry, and no scheduler has a way to write one. @throws VaultError `config_invalid` */
export function assertNoControls(job: Job): void {
  const named = [
    ['the vault', job.vault],
    ...job.command.map((word) => ['the command line', word] as const),
    ...Object.entries(job.env),
    ...(job.credential === null ? [] : [['the credential', job.credential.path] as const]),
  ] as const;
  for (const [what, value] of named) {
    if (!/[\x00-\x1f\x7f]/.test(value)) continue;
    throw new VaultError('config_invalid', `${what} holds a line break or another control character`, {
      hint: 'no scheduler can take it: use a path without one',
    });
  }
}

/** A word for any shell, without a backslash: what those mean within quotes is not the same everywhere. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
