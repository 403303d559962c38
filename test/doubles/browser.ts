import type { Browser } from '../../src/system/contract.js';

export interface BrowserDouble extends Browser {
  /** The addresses that were opened. */
  readonly opened: string[];
  /** Resolves when everything the browser did has ended; rejects when it went wrong. */
  readonly done: () => Promise<unknown>;
}

/** A browser in which `visit` is what the person does at the address that is opened. */
export function browserDouble(visit: (url: string) => Promise<unknown>): BrowserDouble {
  const opened: string[] = [];
  const visits: Promise<unknown>[] = [];
  return {
    opened,
    async open(url) {
      opened.push(url);
      const visited = visit(url);
      // Looked at in done(); until then it must not end the process.
      visited.catch(() => {});
      visits.push(visited);
      return true;
    },
    done: () => Promise.all(visits),
  };
}

/** For what must not open a browser. */
export const browserNever: Browser = {
  open: () => Promise.reject(new Error('no browser must be opened here')),
};

/** A machine without one. */
export const browserAbsent: Browser = { open: async () => false };
