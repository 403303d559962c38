import type { Browser } from '../../src/system/contract.js';

export interface BrowserDouble extends Browser {
  /** The addresses that were opened. */
  readonly opened: string[];
  /** The pages that were shown there: behind the start page of a login the one that it leads to. */
  readonly shown: string[];
  /** Resolves when everything the browser did has ended; rejects when it went wrong. */
  readonly done: () => Promise<unknown>;
}

/** Goes to an address in the same browser, with the cookie of the start page. */
export type GoTo = (url: string | URL) => Promise<Response>;

/** A browser in which `visit` is what the person does at the page that is shown. */
export function browserDouble(
  visit: (url: string, goTo: GoTo) => Promise<unknown>,
  shown: string[] = [],
): BrowserDouble {
  const opened: string[] = [];
  const visits: Promise<unknown>[] = [];
  async function look(address: string): Promise<void> {
    const start = new URL(address).search === '' ? await fetch(address, { redirect: 'manual' }) : null;
    const cookie = start?.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
    const url = start?.headers.get('location') ?? address;
    shown.push(url);
    await visit(url, (to) => fetch(to, { headers: { cookie } }));
  }
  return {
    opened,
    shown,
    async open(url) {
      opened.push(url);
      const visited = look(url);
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
