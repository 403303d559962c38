/** One entry of the trail. The store moves it and can neither make nor check the code that binds it. */
export interface TrailEntry {
  /** From 1, without a gap. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One JSON object in plain ASCII. */
  readonly body: string;
  /** No two entries have the same. */
  readonly origin: string;
  /** Binds the entry to everything before it. 32 bytes. */
  readonly mac: Uint8Array;
}

/** What has to be known of the entries that are there to make the next one. */
export interface TrailFacts {
  /** Whether a line of this id is among the entries up to a number. */
  has(origin: string, last: number): boolean;
  /** The highest number of an entry; 0 when there is none. One that no trail reaches is nobody's, and is passed over. */
  last(): number;
  /** How many entries have a higher number. */
  beyond(last: number): number;
  /** The code of an entry; null when it is not there. */
  mac(seq: number): Uint8Array | null;
}

/** The table of entries. */
export interface TrailTable {
  /** Up to `limit` entries with a number above `after`, in their order. */
  after(after: number, limit: number): Promise<readonly TrailEntry[]>;
  /** Up to `limit` entries with a number below `before`, the newest first. */
  before(before: number, limit: number): Promise<readonly TrailEntry[]>;
  /** How many entries have a number above `last`. */
  beyond(last: number): Promise<number>;
}

/**
 * Events on their way into the trail, in files beside the security log. Whoever has the key and makes a change takes them
 * along; until then a line is worth what the file system is, except that one which was proved cannot be altered.
 */
export interface EventQueue {
  /**
   * Appends one line, and does not wait for the disk.
   *
   * @param canWait it can wait for the next change that anybody makes
   * @throws VaultError
   */
  put(body: string, canWait: boolean): void;
  /** Whether this process has left lines that it should bring into the trail itself. */
  readonly due: boolean;
  /**
   * Gives everything that waits. What is not called `done` is given again.
   *
   * @throws VaultError
   */
  take(): TakenEvents;
  /** Reads what waits and leaves it there. @throws VaultError */
  peek(): readonly string[];
  /** Bytes that wait; 0 when it cannot be told. */
  size(): number;
  /** Proves every line that is put from now on. @returns puts back the proof that was used before */
  prove(proof: (body: string) => string): () => void;
}

export interface TakenEvents {
  /** Each is a proof or `-`, a space, and the body. */
  readonly lines: readonly string[];
  /** They are in the trail, on disk. */
  done(): void;
}
