/*
 * What the completion knows of the command line. It is made of the commands when the program is built, because loading
 * them takes longer than a keystroke may.
 */

/** Words to choose from, or the kind of thing that a value is. */
export type Choice = readonly string[] | 'account' | 'provider' | 'profile' | 'file' | 'program';

export interface OptionRow {
  /** `--format`, and `-h` where there is a short form. */
  readonly names: readonly string[];
  readonly says: string;
  /** Null for a flag; `any` for a value that cannot be completed. */
  readonly takes: Choice | 'any' | null;
  readonly repeatable: boolean;
}

export interface ArgumentRow {
  readonly takes: Choice | null;
  readonly variadic: boolean;
}

export interface CommandRow {
  readonly name: string;
  readonly says: string;
  readonly args: readonly ArgumentRow[];
  readonly options: readonly OptionRow[];
  /** Commands of its own. */
  readonly commands: readonly CommandRow[];
}

export interface Table {
  /** Options of every command. */
  readonly options: readonly OptionRow[];
  readonly commands: readonly CommandRow[];
  /** The built-in providers. */
  readonly providers: readonly string[];
}
