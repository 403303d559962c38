import { isAbsolute, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { FoundLogin, FoundServer, Importer, Opening } from './contract.js';
import { iniSections } from './ini.js';
import {
  configFolder,
  contentOf,
  ENCRYPTED,
  existing,
  jsonMembers,
  type Members,
  notSuch,
  secretOf,
  textOf,
} from './reading.js';
import { microsoftServer, SERVICES } from './services.js';

/*
 * rclone.conf: a section for each remote, whose `token` is the JSON of a Go oauth2.Token. Without `client_id` the remote uses
 * rclone's own client. An encrypted configuration is opened by rclone itself. https://rclone.org/docs/#configuration-encryption
 */
export const rclone: Importer = {
  find: (place) =>
    existing(place, [
      ...[place.env['RCLONE_CONFIG'] ?? ''].filter(isAbsolute),
      join(configFolder(place), 'rclone', 'rclone.conf'),
      join(place.home, '.rclone.conf'),
    ]),

  async read(file, opening) {
    const text = contentOf(file, opening).toString('utf8');
    const remotes = text.includes('RCLONE_ENCRYPT_V')
      ? await openedByRclone(file, opening)
      : [...iniSections(text)];
    const logins = remotes.flatMap(([name, remote]) => loginOf(name, remote));
    if (logins.length === 0) throw notSuch(file, 'a configuration of rclone with the login of a user');
    return logins;
  },

  cleanUp: (_, { name }) => [
    'stop every rclone that uses this remote, then remove its login from rclone:',
    `rclone config delete ${quoted(name ?? '')}`,
  ],
};

type Remote = readonly [name: string, members: Members];

async function openedByRclone(file: string, opening: Opening): Promise<readonly Remote[]> {
  const { passwordFile } = opening;
  if (file === '-' || passwordFile === '-')
    throw new VaultError(
      'usage',
      'rclone opens its encrypted configuration only from a file, with its password in another',
      {
        details: ENCRYPTED,
      },
    );
  const password = passwordFile === null ? [] : ['--password-command', `cat ${asWord(passwordFile)}`];
  const dumped = await opening.run(
    'rclone',
    ['--config', file, ...password, 'config', 'dump'],
    `open ${file}`,
  );
  return Object.entries(jsonMembers(dumped.toString('utf8')) ?? {}).flatMap(([name, remote]): Remote[] =>
    typeof remote === 'object' && remote !== null ? [[name, remote as Members]] : [],
  );
}

/** rclone reads the list as a line of CSV with spaces for commas. */
function asWord(word: string): string {
  return /[ "]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word;
}

function loginOf(name: string, remote: Members): FoundLogin[] {
  const token = jsonMembers(textOf(remote, 'token') ?? '');
  const refreshToken = secretOf(token, 'refresh_token');
  if (refreshToken === null) return [];
  const clientId = textOf(remote, 'client_id');
  return [
    {
      name,
      email: null,
      clientId,
      clientSecret: secretOf(remote, 'client_secret'),
      refreshToken,
      scopes: [],
      server: serverOf(remote),
      ...(clientId === null && { clientOwner: 'rclone' }),
    },
  ];
}

function serverOf(remote: Members): FoundServer {
  const tokenEndpoint = textOf(remote, 'token_url');
  if (tokenEndpoint !== null) return { tokenEndpoint, authorizationEndpoint: textOf(remote, 'auth_url') };
  const type = textOf(remote, 'type') ?? '';
  return Object.hasOwn(BACKENDS, type) ? (BACKENDS[type] ?? {}) : {};
}

/** The endpoints in rclone's backends, by their types. */
const BACKENDS: Readonly<Record<string, FoundServer>> = {
  drive: SERVICES['google'] ?? {},
  'google cloud storage': SERVICES['google'] ?? {},
  'google photos': SERVICES['google'] ?? {},
  onedrive: microsoftServer(null),
  dropbox: { tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token' },
  box: { tokenEndpoint: 'https://api.box.com/oauth2/token' },
};
