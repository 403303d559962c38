import { join } from 'node:path';
import { quoted } from '../domain/safe-text.js';
import type { Importer, Place } from './contract.js';
import {
  configFolder,
  contentOf,
  deleteFile,
  existing,
  jsonMembers,
  notSuch,
  scopesOf,
  secretOf,
  textOf,
} from './reading.js';
import { SERVICES } from './services.js';

/*
 * gogcli keeps its tokens in the keychain; `gog auth tokens export EMAIL --out FILE` writes one as JSON. The client is in its own
 * `credentials.json`. https://github.com/steipete/gogcli
 */
export const gogcli: Importer = {
  find: () => [],

  async read(file, opening) {
    const token = jsonMembers(contentOf(file, opening).toString('utf8'));
    const email = textOf(token, 'email');
    if (token === null || email === null || !('refresh_token' in token))
      throw notSuch(file, 'a token exported by gogcli', 'gog auth tokens export EMAIL --out FILE');
    const [credentials] = existing(opening, credentialFiles(opening));
    const client = jsonMembers(
      credentials === undefined ? '' : contentOf(credentials, opening).toString('utf8'),
    );
    return [
      {
        name: null,
        email,
        clientId: textOf(client, 'client_id'),
        clientSecret: secretOf(client, 'client_secret'),
        refreshToken: secretOf(token, 'refresh_token'),
        scopes: scopesOf(token, 'scopes'),
        server:
          textOf(client, 'token_uri') === null
            ? (SERVICES['google'] ?? {})
            : { tokenEndpoint: textOf(client, 'token_uri') },
      },
    ];
  },

  cleanUp: (file, { email }) => [
    'remove the account from gogcli:',
    `gog auth tokens delete ${quoted(email ?? 'EMAIL')}`,
    ...deleteFile(file, 'then delete the exported file:'),
  ],
};

function credentialFiles(place: Place): readonly string[] {
  const folder =
    place.platform === 'darwin'
      ? join(place.home, 'Library', 'Application Support', 'gogcli')
      : join(configFolder(place), 'gogcli');
  return [join(folder, 'credentials.json')];
}
