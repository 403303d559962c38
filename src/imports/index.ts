import type { Importer, Refusal } from './contract.js';

export interface ImporterEntry {
  readonly name: string;
  /** The tool, as its users call it. */
  readonly title: string;
  load(): Promise<Importer | Refusal>;
}

/** All tools, in the order of `vault import`. Each is loaded when it is asked for. */
export const IMPORTERS: readonly ImporterEntry[] = [
  {
    name: 'mutt-oauth2',
    title: 'mutt_oauth2.py',
    load: async () => (await import('./mutt-oauth2.js')).muttOauth2,
  },
  {
    name: 'google-auth',
    title: "Google's libraries",
    load: async () => (await import('./google-auth.js')).googleAuth,
  },
];
