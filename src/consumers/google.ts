import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer } from './contract.js';

/** Google's libraries ask a metadata server by themselves: `services/token/metadata-server.ts`. */
export const google: Consumer = {
  programs: ['gcloud'],
  helper: null,
  connect: ({ account }) => ({
    changes: [
      {
        kind: 'shown',
        where: "start a program that uses Google's libraries with",
        lines: [command(`exec ${quoted(account)} --as-metadata-server google -- PROGRAM`)],
      },
    ],
    notes: [
      'the program gets a new token when one ends; set GOOGLE_CLOUD_PROJECT if it needs a project',
      'credentials that gcloud has stored come first: gcloud auth application-default revoke',
    ],
  }),
};
