import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer } from './contract.js';

/** curl(1) reads options with `-K -`, so that the token is in no argument, which other users may see. */
export const curl: Consumer = {
  programs: ['curl'],
  helper: null,
  connect: ({ account, target }) => ({
    changes: [
      {
        kind: 'shown',
        where: 'run',
        lines: [
          `${command(`token ${quoted(account)} --format curl`)} | curl -K - ${quoted(target ?? 'https://example.com/')}`,
        ],
      },
    ],
    notes: [],
  }),
};
