import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Consumer, HelperCall } from './contract.js';
import { connectedFor, hostOf } from './hosts.js';
import { helperProgram, userProgram } from './programs.js';
import { hostToConnect, usernameFor } from './registries.js';

/*
 * The command line of keyring, as much as pip and uv run of it: `keyring get URL USER` prints a password,
 * `keyring --mode=creds --output=json get URL` a user name too. What is not found is exit code 1 and no word.
 */

const NOT_FOUND = 'this host is not connected';

export const pip: Consumer = {
  programs: ['pip', 'pip3', 'uv', 'twine'],
  helper: {
    verbs: ['get', 'set', 'del'],
    async answer(call) {
      if (call.verb !== 'get')
        throw new VaultError('usage', 'the vault stores no password for pip', {
          hint: `to see which hosts get a token: ${command('connect')}`,
        });
      const [url = '', user] = call.words.filter((word) => !word.startsWith('-'));
      const found = isUrl(url) ? await connectedFor(call, url) : null;
      if (found === null) throw new VaultError('account_not_found', NOT_FOUND);
      const { accessToken } = await call.token({ account: found.account });
      const password = accessToken.reveal();
      const username = user ?? usernameFor(hostOf(url) ?? '');
      call.print(`${wantsBoth(call) ? JSON.stringify({ username, password }) : password}\n`);
    },
    failure: ({ message, exitCode }) => ({
      exitCode: message === NOT_FOUND ? 1 : exitCode,
      silent: message === NOT_FOUND,
    }),
  },
  connect(request) {
    const host = hostToConnect('pip', request, {}, 'europe-python.pkg.dev');
    const { file, notes } = userProgram(request, 'keyring');
    return {
      target: host,
      changes: [helperProgram(request, file, ['pip', '--'])],
      notes: [
        ...notes,
        'to let pip run it: pip config set global.keyring-provider subprocess',
        'to let uv run it: export UV_KEYRING_PROVIDER=subprocess',
        `name the user in the index URL, which uv and older versions of pip need: https://${usernameFor(host)}@${host}/`,
      ],
    };
  },
};

/** pip asks for the bare host too, which does not tell whether the token would be encrypted. */
function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

function wantsBoth({ words }: HelperCall): boolean {
  return words.includes('--mode=creds') || words.includes('--output=json');
}
