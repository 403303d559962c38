import type { Secret } from '../domain/secret.js';

/*
 * An importer reads the logins that another tool keeps: client, refresh token, and where they belong. `vault import` takes them
 * over. One file per tool, listed in index.ts. What is in these files is foreign input: nothing in it is run, and the files are
 * never changed.
 */

/** Where a tool's files are looked for. */
export interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home folder. */
  readonly home: string;
  /** The content of a file of at most 4 MiB; null when there is none. @throws VaultError when it cannot be read */
  read(path: string): Buffer | null;
  /** What is in a folder; empty when it cannot be read. */
  names(folder: string): readonly string[];
}

/** What opening a file may need besides. */
export interface Opening extends Place {
  /**
   * Runs the user's own program, which may ask at the terminal, and returns what it prints.
   *
   * @param what it was run for, for errors: `gpg did not open FILE`
   * @throws VaultError when it is not there, or fails
   */
  run(program: string, args: readonly string[], what: string): Promise<Buffer>;
  /** The password of the file, without echo or from the file of `--password-file`. @throws VaultError where neither is there */
  password(question: string): Promise<Secret>;
  /** The path given with `--password-file`, for programs that read it themselves. */
  readonly passwordFile: string | null;
}

/** The server of a login, as far as the tool says. An importer names that of a service it knows. */
export interface FoundServer {
  readonly issuer?: string | null;
  readonly tokenEndpoint?: string | null;
  readonly authorizationEndpoint?: string | null;
  readonly deviceAuthorizationEndpoint?: string | null;
  /** How the tool sends a client secret, where it says so. */
  readonly clientAuth?: 'basic' | 'post';
}

/** A login that another tool keeps. */
export interface FoundLogin {
  /** What the tool calls it: a section, an address. Null where its file has one login only. */
  readonly name: string | null;
  readonly email: string | null;
  /** Null where the tool keeps it elsewhere. */
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  /** Null where there are only settings. */
  readonly refreshToken: Secret | null;
  /** Empty where the tool does not say. */
  readonly scopes: readonly string[];
  readonly server: FoundServer;
  /** The program whose client it is, where the tool says that it is not the user's. */
  readonly clientOwner?: string;
}

/** A tool whose logins can be taken over. */
export interface Importer {
  /** The files of this tool that are here. */
  find(place: Place): readonly string[];
  /** Whether what was typed is a name that the tool itself resolves, and no path. */
  isName?(typed: string): boolean;
  /** @throws VaultError `usage` when it is not such a file, or does not open */
  read(file: string, opening: Opening): Promise<readonly FoundLogin[]>;
  /** What to stop and to delete in the tool once its login is taken over: sentences; a command alone in a line after its sentence. */
  cleanUp(file: string, login: FoundLogin): readonly string[];
}

/** A tool whose tokens work only with its own client, or cannot be read safely. */
export interface Refusal {
  find(place: Place): readonly string[];
  readonly why: string;
  /** What to do in its place: `to log in:` and the command without the name of this program. */
  readonly instead: readonly (readonly [purpose: string, line: string])[];
}
