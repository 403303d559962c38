import type { Context } from '../context.js';
import type { UseCases } from '../services/contract.js';
import type { Io } from '../ui/io.js';

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
}

export interface OptionSpec {
  /** As commander reads it: `--min-valid <duration>`, `--refresh`, `--no-browser`, `-y, --yes`. */
  readonly flags: string;
  readonly description: string;
  /** Said in the help; parse() applies it. */
  readonly defaultText?: string;
  readonly repeatable?: boolean;
}

/** What stood on the command line: option values under their camelCase names, untouched. */
export interface RawInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/**
 * A command translates flags into one input, calls one use case and prints once. It is an axis: one file a
 * member, listed in index.ts.
 */
export interface Command<Input = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Lines a user could type, with a word on each. */
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  /**
   * What it prints is one whole that is good once it is printed, whatever signal comes a moment later; or it looks at the
   * interruption itself while it can still be stopped, so that once it has ended without an error all of it is done.
   */
  readonly printsWhole?: boolean;
  /** Pure. @throws VaultError `usage` */
  parse(raw: RawInput): Input;
  run(ctx: Context & UseCases, input: Input, io: Io): Promise<void>;
}
