import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer } from './contract.js';

/*
 * rclone's WebDAV runs `bearer_token_command` when it starts, and again after a 401: https://rclone.org/webdav/
 * Its other remotes refresh the tokens in their configuration themselves, and need a login of their own.
 */
export const rclone: Consumer = {
  programs: ['rclone'],
  helper: {
    verbs: [],
    runsAgain: true,
    async answer(call) {
      call.print(`${(await call.token()).accessToken.reveal()}\n`);
    },
  },
  connect({ account, target, self, env, home }) {
    if (target === null || !URL.canParse(target))
      throw new VaultError('usage', 'the URL of the WebDAV server is needed', {
        hint: command(`connect rclone ${quoted(account)} --for https://dav.example.com/files`),
      });
    const name = account.replace(/[^\w.-]/g, '-');
    const words = [...self, 'helper', 'rclone', account, '--for', target];
    return {
      changes: [
        {
          kind: 'lines',
          file:
            env['RCLONE_CONFIG'] ||
            join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'rclone', 'rclone.conf'),
          comment: '#',
          lines: [
            `[${name}]`,
            'type = webdav',
            `url = ${target}`,
            'vendor = other',
            `bearer_token_command = ${words.map(asWord).join(' ')}`,
          ],
          unless: new RegExp(`^\\[${name.replaceAll('.', '\\.')}\\]`, 'm'),
        },
      ],
      notes: [`to try it: rclone lsf ${name}:`],
    };
  },
};

/** rclone reads the list as a line of CSV with spaces for commas. */
function asWord(word: string): string {
  return /[ "]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
}
