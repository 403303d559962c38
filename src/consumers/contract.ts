import type { Account } from '../domain/account.js';
import type { VaultError } from '../domain/errors.js';
import type { ValidToken } from '../domain/valid-token.js';

/*
 * A consumer is another program that gets its tokens from the vault by its own protocol. `vault connect` shows or writes its
 * configuration; `vault helper` is what the program then runs. One file per consumer, listed in index.ts.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Consumer {
  /** The programs on PATH by which it is recognised as installed here; empty where nothing tells. */
  readonly programs: readonly string[];
  /** What the program runs; null for one that runs `vault token` or `vault exec`. */
  readonly helper: Helper | null;
  /** It logs in to a mailbox, which may be another than the user's own. */
  readonly takesMailbox?: true;
  /** What to put where. @throws VaultError `usage` when it needs to know more */
  connect(request: ConnectRequest): Plan;
}

/** How `vault helper` answers one protocol. */
export interface Helper {
  /** The words that name what the program wants; empty where there is only one request. */
  readonly verbs: readonly string[];
  /**
   * The program reports a refused token only by running the helper again. Then the same token is not given twice to the same
   * process within a minute.
   */
  readonly runsAgain?: true;
  /** It starts the helper by a shell, so that the process is the one that started the shell. */
  readonly byShell?: true;
  /** The program reads stderr as a part of the answer, or may. */
  readonly keepsStderrEmpty?: true;
  /** Keeps in mind which token a process was given, because the program reports a refusal without the token: see `refused`. */
  readonly remembers?: true;
  /** Answers one run. @throws VaultError why there is no answer */
  answer(call: HelperCall): Promise<void>;
  /** What the protocol wants on stdout when there is no token; left out: nothing, and our exit code. */
  failure?(error: VaultError, call: HelperCall): HelperFailure;
}

export interface HelperFailure {
  readonly exitCode: number;
  /** Whether stderr must stay empty, because the program reads it too or has the message already. */
  readonly silent: boolean;
}

/** One run of `vault helper`. */
export interface HelperCall {
  /** Null when none was given. */
  readonly verb: string | null;
  /** The words after the verb, such as a host. */
  readonly words: readonly string[];
  readonly env: Environment;
  /** The host, registry or URL for which the account was connected; null when it was not given. */
  readonly target: string | null;
  /**
   * What this program was connected for, for one that runs its helper without an account: the account and the host on the
   * command line, where they were given; else what `vault connect` has recorded.
   */
  connected(): Promise<readonly Connected[]>;
  /** The lines of stdin. @throws VaultError `usage` when there are too many */
  lines(): AsyncIterable<string>;
  token(wanted?: WantedToken): Promise<ValidToken>;
  /** For a program that does not take the token itself, but what another service gives for it. */
  exchange(): Promise<Exchange>;
  /** To stdout, exactly as it is. */
  print(text: string): void;
  /** One line for the user, on stderr. */
  say(line: string): void;
}

/** What an exchange of the token at another service takes. */
export interface Exchange {
  /** Sends a form. @throws VaultError `network_failed`, `config_invalid` */
  post(url: string, form: Readonly<Record<string, string>>): Promise<Posted>;
  /** What was kept for this account, target and token; null when there is nothing. */
  readKept(valid: ValidToken): string | null;
  /** Keeps a text for the next run, sealed, until the account has another token. */
  keep(valid: ValidToken, text: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Posted {
  readonly status: number;
  readonly body: string;
}

export interface Connected {
  /** Null: the only account, or the default. */
  readonly account: string | null;
  readonly target: string;
}

export interface WantedToken {
  /** Left out: the one on the command line. */
  readonly account?: string | null;
  /** This token was refused, or the one that this process was `given` first: give another one. */
  readonly refused?: string | null;
  /** The id_token instead; left out: as on the command line. */
  readonly idToken?: boolean;
  /** Also says whose account it is. */
  readonly withIdentity?: boolean;
}

/** What a plan is made for. */
export interface ConnectRequest {
  /** `provider/label`. */
  readonly account: string;
  readonly provider: Pick<Account, 'provider' | 'issuer' | 'tokenEndpoint' | 'grantedScopes'>;
  /** The one that was named, else the user's own address; null where neither is known. */
  readonly mailbox: string | null;
  /** The mail servers of the provider; null where they are not known. */
  readonly mail: Readonly<Record<'imap' | 'smtp', { readonly host: string; readonly port: number }>> | null;
  /** The host, registry or URL that the program calls; null when it was not given. */
  readonly target: string | null;
  /** Whether the program wants the id_token instead of the access token. */
  readonly idToken: boolean;
  /** The words that start this program from anywhere: absolute paths, and the profile. */
  readonly self: readonly string[];
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** The user's home folder. */
  readonly home: string;
  /** A private folder for files of this vault. */
  readonly folder: string;
  /** Whether a file exists. */
  exists(path: string): boolean;
}

export interface Plan {
  /**
   * The host by which the helper finds the account, where it is run without one. Then a host has one account only, and this
   * is recorded as the target.
   */
  readonly target?: string;
  readonly changes: readonly Change[];
  /** What to know, or to do next; a command alone in a line after its sentence. */
  readonly notes: readonly string[];
}

/** One thing to put somewhere. All but `shown` can be written by `--install`. */
export type Change =
  /** Lines of a text file, between two comments. */
  | {
      readonly kind: 'lines';
      readonly file: string;
      readonly lines: readonly string[];
      /** What begins a comment: `#`. */
      readonly comment: string;
      /**
       * The line that begins the section to which the lines belong, for a format in which a section may be there once only.
       * They come first in that section, which is added where there is none.
       */
      readonly section?: string;
      /** The same for all accounts and hosts: written once, and removed with the last of them. */
      readonly shared?: true;
      /** What must not be in the file already, because the lines would contradict it. */
      readonly unless?: RegExp;
    }
  /** A value in a JSON file. */
  | {
      readonly kind: 'json';
      readonly file: string;
      /** Where it goes; empty: it is the whole document. */
      readonly path: readonly string[];
      readonly value: unknown;
      /** How the program indents. */
      readonly indent: string;
    }
  /** A small program that starts this one. */
  | {
      readonly kind: 'script';
      readonly file: string;
      readonly lines: readonly string[];
      /** As for lines. */
      readonly shared?: true;
    }
  /** A private file with an access token, which the agent keeps fresh. */
  | { readonly kind: 'token'; readonly file: string }
  /** Commands of the program itself, which change `files`. */
  | {
      readonly kind: 'commands';
      readonly run: readonly (readonly string[])[];
      readonly undo: readonly (readonly string[])[];
      readonly files: readonly string[];
    }
  /** For a place that only the user knows. */
  | { readonly kind: 'shown'; readonly where: string; readonly lines: readonly string[] };
