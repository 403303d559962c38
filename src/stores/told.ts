/** What a person is told of an account by the notify command. */
export const TOLD_EVENTS = ['login_needed', 'grant_ending', 'failing'] as const;
export type ToldEvent = (typeof TOLD_EVENTS)[number];

/** That an account came into such a state, and what has been told of it. All times are milliseconds since the epoch. */
export interface ToldRow {
  readonly accountId: string;
  readonly event: ToldEvent;
  /** The end of the grant that it was about; null for other events. */
  readonly endsAt: number | null;
  /** When it began, as far as known. */
  readonly since: number;
  /** The last time somebody set out to tell it: no two processes do so at once. */
  readonly triedAt: number;
  /** The last time it was told; null before the first. */
  readonly toldAt: number | null;
}

/** A part of the store: what has been told stays known to every process, and goes with the account. */
export interface Told {
  all(): Promise<readonly ToldRow[]>;
  /**
   * Compare-and-swap: writes the row if its `triedAt` is still the one that was seen.
   *
   * @param seen null for an event that was not written down yet
   * @returns false when another process was faster, or the account is gone
   */
  put(row: ToldRow, seen: number | null): Promise<boolean>;
  /** The state is over, and the next one will be told. @returns false when another process has touched it meanwhile */
  forget(row: ToldRow): Promise<boolean>;
}
