import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer } from './contract.js';

/**
 * Clients that run nothing for a token. Each reads a header or a variable from a file, made of the output of `vault token`: an
 * argument would show the token to other users.
 */
export const http: Consumer = {
  programs: ['wget', 'http', 'hurl'],
  helper: null,
  connect({ account, target }) {
    const url = quoted(target ?? 'https://example.com/');
    const token = (format: string) => command(`token ${quoted(account)}${format}`);
    const run = (where: string, line: string) => ({ kind: 'shown', where, lines: [line] }) as const;
    return {
      changes: [
        // wget reads its settings from a regular file only.
        run(
          'wget, which reads a private file that is removed again',
          `f=$(mktemp) && echo "header = $(${token(' --format header')})" >"$f" && wget --config="$f" ${url}; rm -f "$f"`,
        ),
        run('HTTPie, in bash or zsh', `http ${url} Authorization:@<(${token(' --format header-value')})`),
        run(
          'hurl, in bash or zsh, with "Authorization: Bearer {{token}}" in the file',
          `hurl --variables-file <(echo "token=$(${token('')})") requests.hurl`,
        ),
        run(
          'a program that reads a variable',
          command(`exec ${quoted(account)} --env ACCESS_TOKEN -- PROGRAM`),
        ),
      ],
      notes: ['a token in a variable is not renewed while the program runs'],
    };
  },
};
