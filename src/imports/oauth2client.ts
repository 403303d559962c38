import { isAbsolute, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { FoundLogin, Importer, Opening, Place } from './contract.js';
import {
  called,
  contentOf,
  deleteFile,
  existing,
  jsonMembers,
  notSuch,
  scopesOf,
  secretOf,
  textOf,
} from './reading.js';

/*
 * gcalcli 4 and goobook keep the JSON of Google's old library oauth2client: access_token, refresh_token, client_id, client_secret,
 * token_uri, scopes. Newer gcalcli keeps a pickle of the new library's object; loading a pickle can run any code in it.
 */
export const gcalcli: Importer = {
  find: (place) =>
    existing(place, [
      join(place.home, '.gcalcli_oauth'),
      join(dataFolder(place), 'gcalcli', 'oauth'),
      join(place.home, '.gcalcli', 'oauth'),
    ]),
  read: (file, opening) => read(file, opening, 'gcalcli'),
  cleanUp: (file) => deleteFile(file, 'delete the file once gcalcli is not used any more:'),
};

export const goobook: Importer = {
  find: (place) =>
    existing(place, [join(dataFolder(place), 'goobook_auth.json'), join(place.home, '.goobook_auth.json')]),
  read: (file, opening) => read(file, opening, 'goobook'),
  cleanUp: (file) => deleteFile(file, 'delete the file once goobook is not used any more:'),
};

const PICKLE = 0x80;

async function read(file: string, opening: Opening, tool: string): Promise<readonly FoundLogin[]> {
  const content = contentOf(file, opening);
  if (content[0] === PICKLE) {
    throw new VaultError(
      'usage',
      `${called(file)} is a pickle, which is never loaded, because loading it runs whatever is in it`,
      {
        hint: `log in with the same client: ${command('setup google')}\nor write it as JSON with the program that made it, and import that: ${command('import google-auth FILE')}`,
      },
    );
  }
  const token = jsonMembers(content.toString('utf8'));
  const clientId = textOf(token, 'client_id');
  if (token === null || clientId === null || !('refresh_token' in token))
    throw notSuch(file, `a token file of ${tool}`);
  return [
    {
      name: null,
      email: null,
      clientId,
      clientSecret: secretOf(token, 'client_secret'),
      refreshToken: secretOf(token, 'refresh_token'),
      scopes: scopesOf(token, 'scopes'),
      server: {
        tokenEndpoint: textOf(token, 'token_uri') ?? 'https://oauth2.googleapis.com/token',
        clientAuth: 'post',
      },
    },
  ];
}

function dataFolder({ env, home }: Place): string {
  const named = env['XDG_DATA_HOME'] ?? '';
  return isAbsolute(named) ? named : join(home, '.local', 'share');
}
