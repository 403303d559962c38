import type { SchedulerKind } from '../../system/schedulers/contract.js';

export interface ScheduleRequest {
  readonly purpose: 'refresh' | 'agent';
  /** Shows what would be written, or writes it. */
  readonly install: boolean;
  /** Null: what this machine has. */
  readonly kind: SchedulerKind | null;
  /** Milliseconds from one run to the next; null for what is kept running. */
  readonly every: number | null;
  /** What is run, without the program itself: `refresh --all …`. */
  readonly args: readonly string[];
  /** A file that holds the master key, for the key source `credential`; absolute. */
  readonly credential: string | null;
  /** The command lines a person types for it, without the program itself. */
  readonly typed: TypedCommands;
}

export interface TypedCommands {
  readonly show: string;
  readonly install: string;
  readonly uninstall: string;
}

export interface ScheduleResult {
  readonly kind: SchedulerKind;
  readonly name: string;
  /** Whether it is in force now. */
  readonly installed: boolean;
  /** Whether it was only shown, because nobody asked for more or a person has to put it into its place. */
  readonly shown: boolean;
  /** Whether anything was written. */
  readonly changed: boolean;
  /** The lines of the crontab; null where there are files. */
  readonly block: string | null;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What is left to be typed for it to be in force. */
  readonly commands: readonly string[];
  /** How to take it back. */
  readonly undo: readonly string[];
  /** What will be missed by it, a sentence each. */
  readonly warnings: readonly string[];
  /** What a person should know, a sentence each. */
  readonly notes: readonly string[];
}

export type UnscheduleRequest = Pick<ScheduleRequest, 'purpose' | 'kind'>;

export interface UnscheduleResult {
  readonly name: string;
  /** Where it was. */
  readonly removed: readonly SchedulerKind[];
  /** What is left to be typed. */
  readonly commands: readonly string[];
}

export interface BackgroundUseCases {
  /**
   * Shows how a command of this program would be run unattended, or has it run.
   *
   * @throws VaultError `config_invalid` when it could not work unattended, or something of another's is in the way,
   * `scheduler_failed`, `usage`
   */
  schedule(request: ScheduleRequest): Promise<ScheduleResult>;
  /** @throws VaultError `config_invalid`, `scheduler_failed` */
  unschedule(request: UnscheduleRequest): Promise<UnscheduleResult>;
}
