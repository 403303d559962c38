import type { Clock, Host } from '../contract.js';

/** The keychain of the operating system: macOS Keychain, Windows Credential Vault, Secret Service. */
export interface Keychain {
  /** @throws KeychainFailure */
  read(service: string, account: string): Promise<string | null>;
  /** @throws KeychainFailure */
  write(service: string, account: string, value: string): Promise<void>;
  /** @throws KeychainFailure */
  remove(service: string, account: string): Promise<boolean>;
}

export type KeychainFailureKind =
  /** A library that is needed to use it is missing. */
  | 'not_installed'
  /** No session bus leads to it, or none that this user may use. */
  | 'bus_missing'
  /** No Secret Service on the bus, or none that works. */
  | 'unavailable'
  /** It is locked, and no user is present to unlock it. */
  | 'locked'
  /** A prompt was dismissed, or access is denied. */
  | 'denied'
  /** It did not answer. Outside Linux the call cannot be cancelled: the process has to exit without it. */
  | 'timed_out';

export class KeychainFailure extends Error {
  override readonly name = 'KeychainFailure';
  readonly kind: KeychainFailureKind;
  /** The cause in this program's own words, `nothing on the session bus offers …`; null: the kind says it all. */
  readonly about: string | null;
  /** A step that helps in this very case; null: the usual ones. */
  readonly remedy: string | null;

  constructor(
    kind: KeychainFailureKind,
    { about = null, remedy = null, cause }: Partial<Pick<KeychainFailure, 'about' | 'remedy' | 'cause'>> = {},
  ) {
    super(kind, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.about = about;
    this.remedy = remedy;
  }
}

/** How long one call of a keychain may take, in milliseconds; longer where a user may have to type a password. */
export interface KeychainTimeouts {
  readonly alone: number;
  readonly interactive: number;
}

export interface KeychainParts {
  readonly host: Pick<Host, 'env' | 'platform' | 'uid' | 'self' | 'interruption'>;
  readonly clock: Clock;
  readonly timeouts: KeychainTimeouts;
  /**
   * Whether a user is present to type a password. Called only when it matters: a stream costs time when it is first used.
   */
  readonly interactive: () => boolean;
  /** Prints one line for a user who waits. */
  readonly notice: (line: string) => void;
}
