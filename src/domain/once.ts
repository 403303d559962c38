export interface Once<T> {
  (): Promise<T>;
  /** Whether there is something to close. */
  readonly called: boolean;
}

/** Remembers the promise of the first call; one that failed is tried again at the next. */
export function once<T>(make: () => Promise<T>): Once<T> {
  let made: Promise<T> | null = null;
  const get = () => {
    made ??= make().catch((failure: unknown) => {
      made = null;
      throw failure;
    });
    return made;
  };
  return Object.defineProperty(get, 'called', { get: () => made !== null }) as Once<T>;
}
