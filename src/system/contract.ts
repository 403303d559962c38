import type { Readable, Writable } from 'node:stream';
import type { TransportFailure } from '../domain/transport.js';

/**
 * The outside world as the rest of the program sees it. `main.ts` fills it from the process; tests fill it by
 * hand. Nothing below `main.ts` reads the process itself.
 */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Of Node and of its binary interface for addons: `20.19.0` and `115`. */
  readonly versions: Pick<NodeJS.ProcessVersions, 'node' | 'modules'>;
  /** The running user's id; undefined on Windows. */
  readonly uid: number | undefined;
  readonly pid: number;
  /** As a terminal it can be told to give every key as it is typed, and to echo none. */
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The interpreter and the script that run this program, to run it again; null in the library. */
  readonly self: readonly [interpreter: string, script: string] | null;
  /** Aborted by SIGINT (reason: a VaultError `interrupted`) or by SIGTERM and SIGHUP (`terminated`). */
  readonly interruption: AbortSignal;
  /** How a program that runs in our place gets our signals; null where they are not ours, as in the library. */
  readonly takeSignals: TakeSignals | null;
}

/**
 * Hands over the signals that reach this process: they go to `taker` and interrupt nothing, until the function that is
 * returned is called.
 */
export type TakeSignals = (taker: (signal: NodeJS.Signals) => void) => () => void;

/** Time, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some moment, for measuring how long something takes: a clock that is set anew does not move it. */
  elapsed(): number;
  /** Resolves after the given milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** One deadline for the whole exchange, body included, in milliseconds; 20 s when left out. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /**
   * For token endpoints, whose answer may hold the only refresh token that is alive: what had arrived of an answer that
   * broke off is returned (`brokenOff`), and the caller judges it. The request has a connection of its own and is sent
   * by Node's own client, which lets any number of interim answers (RFC 9110 §15.2) pass, `100 Continue` included.
   */
  readonly acceptPart?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded as UTF-8, at most 1 MiB after decompression. */
  readonly body: string;
  /** How the answer broke off; the body is what had arrived. Only with `acceptPart`, and absent from a whole answer. */
  readonly brokenOff?: TransportFailure;
  /**
   * The body had no announced end and was ended by the end of the connection (RFC 9112 §6.3 (8)), as a body that was cut
   * off is. Only with `acceptPart`.
   */
  readonly endedByClose?: boolean;
}

/**
 * Sends one request once: TLS 1.2 or better, no redirects followed, no hidden retry, body capped after
 * decompression, one total deadline.
 */
export interface Http {
  /** @throws TransportFailure when there is no whole answer, or no part of one with `acceptPart` */
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** One end of a TCP connection on loopback. */
export interface TcpEnd {
  /** Numeric: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly port: number;
}

/** Which users have the ends of TCP connections on loopback. Not known but on Linux, in this network namespace. */
export interface TcpOwners {
  /**
   * The user who has the end of a connection whose other end is `other`.
   *
   * @returns a user id; `nobody` for an end that was closed, of which the kernel no longer tells whose it was; null where it
   *   is not known
   */
  ofConnection(end: TcpEnd, other: TcpEnd): Promise<number | 'nobody' | null>;
  /**
   * The users whose processes would get a connection to this address: more than one only where they share the port.
   *
   * @returns user ids, none where nobody listens; null where it is not known
   */
  ofListeners(at: TcpEnd): Promise<readonly number[] | null>;
}

/** Opens a page in the user's browser. */
export interface Browser {
  /** Resolves to false where there is no browser to open or it could not be started; never rejects. */
  open(url: string): Promise<boolean>;
}

/** Where the files of one vault lie. All absolute. */
export interface Paths {
  /** Holds `vault.db` and `locks/`. */
  readonly data: string;
  /** Holds `config.json`, `.env` and the default key file. */
  readonly config: string;
  /** Holds `security.log`, `marks/`. */
  readonly state: string;
  readonly database: string;
  readonly locks: string;
  readonly configFile: string;
  readonly envFile: string;
  readonly keyFile: string;
  readonly securityLog: string;
  /** Holds what is known of the vault outside its database. */
  readonly marks: string;
  /**
   * A place for second marks below a `home` of the user that has to be there, when all else lies below one folder (`apart`) that
   * may be put back as a whole; null where there is none.
   */
  readonly secondMarks: { readonly home: string; readonly folder: string; readonly apart: string } | null;
  /** Tells this machine from others where the system does not. */
  readonly machineFile: string;
  /** The profile's name; null for the default vault. */
  readonly profile: string | null;
}

/**
 * Private files: everything is created 0600 (folders 0700) from its first instant, never through a symbolic link,
 * and what is there already is checked before it is used. So is the way to it: a folder above that others may write is
 * refused with `vault_permissions`, because they could exchange what lies below. On Windows owner and mode are the
 * folder's ACL's business.
 */
export interface Files {
  /** @throws VaultError `vault_permissions` */
  exists(path: string): boolean;
  /**
   * Makes the folder and its missing parents. One of ours that is there already is closed to others if need be; one
   * shared by all users, as `/tmp` is, is refused.
   *
   * @throws VaultError `vault_permissions`, `vault_not_writable`
   */
  ensureFolder(path: string): void;
  /**
   * Checks a folder as `ensureFolder` does, and makes none.
   *
   * @returns false when there is no such folder
   * @throws VaultError `vault_permissions`
   */
  checkFolder(path: string): boolean;
  /**
   * Checks a file without opening it: regular, one link, ours, nobody else may read it. A mode that is too wide on
   * a file of ours is tightened. Looks only at metadata, because closing a descriptor of an open SQLite database
   * drops the locks its process holds on it.
   *
   * @returns false when there is no such file
   * @throws VaultError `vault_permissions`
   */
  check(path: string): boolean;
  /** @returns null when there is no such file. @throws VaultError `vault_permissions`, `config_invalid` when larger than `limit` bytes */
  read(path: string, limit: number): Buffer | null;
  /**
   * Creates and syncs a new file; a crash leaves none or the whole of it.
   *
   * @returns false when something of that name is there. @throws VaultError `vault_not_writable`
   */
  create(path: string, content: Uint8Array): boolean;
  /**
   * Replaces a file atomically: a temporary neighbour, synced, renamed.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` as `check`
   */
  replace(path: string, content: Uint8Array): void;
  /**
   * Gives a finished file its name and never takes one that is in use. A crash in between leaves both names, which
   * `check` and `read` of `to` put right.
   *
   * @param from in the same folder: `to`, then `.`, then anything that ends in `.new` (or just `to` and `.new`)
   * @returns false when the name is taken; what is there stays, and the finished file goes
   * @throws VaultError `vault_not_writable`
   */
  publish(from: string, to: string): boolean;
  /**
   * Appends in one write. When the file would grow beyond `limit` bytes it becomes `.1`, `.1` becomes `.2` and so on,
   * `keep` files in all.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` as `check`
   */
  append(path: string, content: Uint8Array, limit: number, keep: number): void;
  /** No error when it is gone already. @throws VaultError `vault_not_writable` */
  remove(path: string): void;
  /**
   * Takes away the temporary neighbours of a file whose writing was cut off, for files that may hold what must not stay.
   * Only for who alone writes the file at the time: the neighbour of a write under way goes too, and that write fails.
   *
   * @throws VaultError `vault_not_writable`, and `vault_permissions` for a folder that others can change
   */
  removeLeftoverTemps(path: string): void;
}
