import type { DerivedKeySource, KeySource, StoringKeySource } from './contract.js';

/** A master key in memory. */
export interface LoadedKey {
  readonly reference: string;
  readonly key: Buffer;
}

/** Keeps loaded master keys, so that neither the user nor a keychain is asked again. */
export interface KeyMemory {
  /** Wraps a source: after the first load its keys come from memory. */
  around<Source extends KeySource>(source: Source): Source;
  /** Keeps a copy; the caller wipes its own. */
  keep(key: LoadedKey): void;
  forget(): void;
}

export function keyMemory(): KeyMemory {
  const kept = new Map<string, Buffer>();
  const loading = new Map<string, Promise<void>>();

  function keep({ reference, key }: LoadedKey): void {
    kept.get(reference)?.fill(0);
    kept.set(reference, Buffer.from(key));
  }

  function forgetOne(reference: string): void {
    kept.get(reference)?.fill(0);
    kept.delete(reference);
  }

  async function read(source: KeySource, reference: string, parameters?: string | null): Promise<void> {
    const key = await source.load(reference, parameters);
    keep({ reference, key });
    key.fill(0);
  }

  /** Keeps keys that are created or derived, and forgets those that are deleted. */
  function making(source: KeySource): Partial<StoringKeySource> | Partial<DerivedKeySource> {
    if (source.keys === 'stored') {
      return {
        async create(reference, key) {
          await source.create(reference, key);
          keep({ reference, key });
        },
        async createBeside(reference, key) {
          await source.createBeside(reference, key);
          keep({ reference, key });
        },
        async drop(dropped, other) {
          forgetOne(dropped);
          return source.drop(dropped, other);
        },
        async remove(reference) {
          forgetOne(reference);
          return source.remove(reference);
        },
      };
    }
    if (source.keys === 'given') return {};
    return {
      async derive(reference, replaced) {
        const made = await source.derive(reference, replaced);
        keep({ reference, key: made.key });
        return made;
      },
    };
  }

  return {
    keep,
    around: (source) => ({
      ...source,
      async load(reference, parameters) {
        if (!kept.has(reference)) {
          const reading = loading.get(reference) ?? read(source, reference, parameters);
          loading.set(reference, reading);
          await reading.finally(() => loading.delete(reference));
        }
        return Buffer.from(kept.get(reference) ?? []);
      },
      ...making(source),
    }),
    forget() {
      for (const key of kept.values()) key.fill(0);
      kept.clear();
    },
  };
}
