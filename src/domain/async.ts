export interface Once<T> {
  (): Promise<T>;
  /** Whether there is something to close. */
  readonly called: boolean;
}

/** Keeps the promise of the first call; a failed call is repeated by the next one. */
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

/** Methods of an object that is made when one of them is first called. */
export function lazily<
  Name extends string,
  Part extends Record<Name, (...args: never[]) => Promise<unknown>>,
>(make: () => Promise<Part>, names: readonly Name[]): Pick<Part, Name> {
  const method =
    (name: Name) =>
    async (...args: never[]) =>
      (await make())[name](...args);
  return Object.fromEntries(names.map((name) => [name, method(name)])) as Pick<Part, Name>;
}
