import type { Readable, Writable } from 'node:stream';
import type { TransportFailure } from '../domain/transport.js';

/** What the program knows of its process. `main.ts` fills it; nothing below reads the process itself. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly versions: Pick<NodeJS.ProcessVersions, 'node' | 'modules'>;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  readonly pid: number;
  /** The process that started this one. */
  readonly parentPid: number;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The command that runs this program, to start it again: Node and the script, or a launcher; null in the library. */
  readonly self: Relaunch | null;
  /** Whether this program came with the Node that runs it. */
  readonly ownNode: boolean;
  /** Aborted by SIGINT (reason: VaultError `interrupted`) or by SIGTERM and SIGHUP (`terminated`). */
  readonly interruption: AbortSignal;
  /** Null in the library, which does not own the signals. */
  readonly takeSignals: TakeSignals | null;
}

/** The first words of a command line. */
export type Relaunch = readonly [program: string, ...script: string[]];

/**
 * Sends the signals of this process to `taker`, instead of being interrupted by them, until the returned function is
 * called.
 */
export type TakeSignals = (taker: (signal: NodeJS.Signals) => void) => () => void;

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** For measuring durations, in milliseconds: setting the system clock does not change it. */
  elapsed(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange, body included, in milliseconds; default 20 s. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * For token endpoints, whose answer may hold the only valid refresh token: what had arrived of a broken answer is
   * returned (`brokenOff`), and the caller judges it.
   */
  readonly acceptPart?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 1 MiB after decompression. */
  readonly body: string;
  /** How the answer broke off; the body is what had arrived. Only with `acceptPart`. */
  readonly brokenOff?: TransportFailure;
  /** The end of the connection ended the body (RFC 9112 §6.3 (8)), so it may be cut off. */
  readonly endedByClose?: boolean;
}

/**
 * Sends one request once, on a connection of its own: TLS 1.2 or newer, no redirects, no retries, any number of interim
 * answers (RFC 9110 §15.2), a body cap after decompression, one total deadline.
 */
export interface Http {
  /** @throws TransportFailure when there is no whole answer, or no part of one with `acceptPart` */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface TcpEnd {
  /** Numeric: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly port: number;
}

/** Which users own the ends of TCP connections on loopback. Known only on Linux, in this network namespace. */
export interface TcpOwners {
  /**
   * The user who owns the end of a connection whose other end is `other`.
   *
   * @returns a user id; `closed` for an end that was closed, whose owner the kernel no longer knows; null where it is not
   * known
   */
  ofConnection(end: TcpEnd, other: TcpEnd): Promise<number | 'closed' | null>;
  /** The inode of the socket at the end of a connection whose other end is `other`; null where it is not known. */
  inodeOf(end: TcpEnd, other: TcpEnd): Promise<string | null>;
  /**
   * The users whose processes would get a connection to this address: more than one only where they share the port.
   *
   * @returns user ids, empty where no program listens; null where it is not known
   */
  ofListeners(at: TcpEnd): Promise<readonly number[] | null>;
}

/**
 * Whether another user of this machine, except root, owns the end `end` of a connection.
 *
 * @returns `gone` for a closed connection of unknown owner; false where the system does not report the owner
 */
export type IsOtherUser = (end: TcpEnd, here: TcpEnd) => Promise<boolean | 'gone'>;

export interface Browser {
  /** Opens a page in the user's browser. Resolves to false when that fails; never rejects. */
  open(url: string): Promise<boolean>;
}

/** Configuration files of other programs. They keep their mode, and a symbolic link to one stays a link. */
export interface OthersFiles {
  /** @returns null when there is no such file. @throws VaultError `vault_permissions`, `config_invalid` over 4 MiB */
  read(path: string): Buffer | null;
  /** What is in a folder; empty when it cannot be read. */
  names(folder: string): readonly string[];
  /**
   * Replaces the file atomically, or makes it.
   *
   * @param mode of a new file
   * @throws VaultError `vault_permissions` for a file of another user, `vault_not_writable`
   */
  write(path: string, content: Uint8Array, mode: number): void;
  /** No error when it is missing. @throws VaultError `vault_not_writable` */
  remove(path: string): void;
}

/** The absolute paths of one vault. */
export interface Paths {
  readonly data: string;
  readonly config: string;
  readonly state: string;
  readonly database: string;
  readonly locks: string;
  readonly configFile: string;
  readonly envFile: string;
  readonly keyFile: string;
  readonly securityLog: string;
  /** The rollback marks, outside the database. */
  readonly marks: string;
  /**
   * A second place for the marks, below the user's `home`, for a vault below one folder (`apart`) that may be restored as
   * a whole; null without one.
   */
  readonly secondMarks: { readonly home: string; readonly folder: string; readonly apart: string } | null;
  /** Identifies this machine where the system does not. */
  readonly machineFile: string;
  /** Null for the default vault. */
  readonly profile: string | null;
}

/**
 * Private files: created 0600 (folders 0700) from the first instant, never through a symbolic link, and checked before
 * use. So is the path to them: a folder above that others may write to is refused with `vault_permissions`. On Windows
 * the folder's ACL protects them.
 */
export interface Files {
  /** @throws VaultError `vault_permissions` */
  exists(path: string): boolean;
  /**
   * Makes the folder and its missing parents, and closes an existing one to others. A folder shared by all users, as
   * `/tmp`, is refused.
   *
   * @throws VaultError `vault_permissions`, `vault_not_writable`
   */
  ensureFolder(path: string): void;
  /**
   * As `ensureFolder`, without making one.
   *
   * @returns false when there is no such folder
   * @throws VaultError `vault_permissions`
   */
  checkFolder(path: string): boolean;
  /**
   * Checks a file: regular, one link, ours, private. A mode that is too wide is tightened. It is not opened, because
   * closing a descriptor of an open SQLite database drops the locks of this process.
   *
   * @returns false when there is no such file
   * @throws VaultError `vault_permissions`
   */
  check(path: string): boolean;
  /** @returns null when there is no such file. @throws VaultError `vault_permissions`, `config_invalid` when larger than `limit` bytes */
  read(path: string, limit: number): Buffer | null;
  /**
   * Creates and syncs a new file; after a crash it exists completely or not at all.
   *
   * @returns false when the name is taken. @throws VaultError `vault_not_writable`
   */
  create(path: string, content: Uint8Array): boolean;
  /**
   * Creates an empty file without a sync: a crash may lose it.
   *
   * @returns false when the name is taken. @throws VaultError `vault_not_writable`
   */
  createUnsynced(path: string): boolean;
  /**
   * Replaces a file atomically: a temporary file beside it, synced, renamed.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` as `check`
   */
  replace(path: string, content: Uint8Array): void;
  /**
   * Renames a finished file without replacing another. A crash can leave both names; `check` and `read` of `to` fix that.
   *
   * @param from in the same folder: `to`, `.`, anything, `.new` (or just `to` and `.new`); removed in any case
   * @returns false when the name is taken
   * @throws VaultError `vault_not_writable`
   */
  publish(from: string, to: string): boolean;
  /**
   * Appends in one write. A file that would exceed `limit` bytes becomes `.1`, `.1` becomes `.2`, `keep` files in all.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` as `check`
   */
  append(path: string, content: Uint8Array, limit: number, keep: number): void;
  /** No error when it is missing. @throws VaultError `vault_not_writable` */
  remove(path: string): void;
  /**
   * Removes the temporary files of interrupted writes of `path`. For its only writer: a write in progress would fail.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` for a folder that others can change
   */
  removeLeftoverTemps(path: string): void;
}
