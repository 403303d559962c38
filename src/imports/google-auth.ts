import { isAbsolute, join } from 'node:path';
import { command } from '../domain/hints.js';
import type { FoundLogin, Importer, Place } from './contract.js';
import {
  configFolder,
  deleteFile,
  existing,
  jsonMembers,
  notSuch,
  openedText,
  scopesOf,
  secretOf,
  textOf,
} from './reading.js';
import { SERVICES } from './services.js';

/*
 * What Google's libraries write: `token.json` of google-auth's Credentials.to_json (token, refresh_token, token_uri, client_id,
 * client_secret, scopes, account), and application default credentials of type `authorized_user`, which name no endpoint.
 */
export const googleAuth: Importer = {
  find: (place) => existing(place, [...adcFiles(place), join(place.home, 'token.json')]),

  async read(file, opening) {
    const token = jsonMembers(await openedText(file, opening, 'google-auth'));
    const type = textOf(token, 'type');
    const isOurs = type === null || type === 'authorized_user';
    const clientId = textOf(token, 'client_id');
    if (token === null || !isOurs || clientId === null || !('refresh_token' in token)) {
      const what =
        type === 'service_account' ? 'the login of a user: it is the key of a service account' : NO_FILE;
      throw notSuch(file, what);
    }
    const login: FoundLogin = {
      name: null,
      email: textOf(token, 'account'),
      clientId,
      clientSecret: secretOf(token, 'client_secret'),
      refreshToken: secretOf(token, 'refresh_token'),
      scopes: scopesOf(token, 'scopes'),
      server: serverOf(textOf(token, 'token_uri')),
    };
    return [login];
  },

  cleanUp: (file) => [
    'connect the program to vault:',
    command('connect google'),
    ...deleteFile(file, 'then delete the file:'),
  ],
};

const NO_FILE = "a token file of Google's libraries (token.json, or application default credentials)";

function serverOf(tokenEndpoint: string | null) {
  return tokenEndpoint === null
    ? (SERVICES['google'] ?? {})
    : ({ tokenEndpoint, clientAuth: 'post' } as const);
}

function adcFiles(place: Place): readonly string[] {
  const named = place.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? '';
  const gcloud = place.env['CLOUDSDK_CONFIG'] || join(configFolder(place), 'gcloud');
  return [named, join(gcloud, 'application_default_credentials.json')].filter(isAbsolute);
}
