import { dirname, join } from 'node:path';
import type { FoundLogin, Importer, Place } from './contract.js';
import {
  configFolder,
  deleteFile,
  existing,
  jsonMembers,
  type Members,
  notSuch,
  openedText,
  scopesOf,
  secretOf,
  textOf,
} from './reading.js';
import { microsoftServer, SERVICES } from './services.js';

/*
 * mutt_oauth2.py, as Debian's mutt and neomutt ship it (2020-08-07) and as mutt has it now. The token file is JSON that was piped
 * through gpg: registration, email, refresh_token; the newer script also puts the client into it. In the older one the client and
 * the endpoints are in the script, which is read as text and never run.
 */

const SCRIPT = 'mutt_oauth2.py';

export const muttOauth2: Importer = {
  find: (place) => existing(place, tokenFiles(place)),

  async read(file, opening) {
    const token = jsonMembers(await openedText(file, opening, 'mutt-oauth2'));
    const registration = textOf(token, 'registration');
    if (token === null || registration === null || !('refresh_token' in token))
      throw notSuch(file, `a token file of ${SCRIPT}`);
    const script = existing(opening, scripts(opening, file)).map((path) =>
      registrationIn(opening.read(path)?.toString('utf8') ?? '', registration),
    );
    const settings = script.find((found) => textOf(found, 'client_id') !== null) ?? null;
    const clientId = textOf(token, 'client_id');
    const login: FoundLogin = {
      name: null,
      email: textOf(token, 'email'),
      clientId: clientId ?? textOf(settings, 'client_id'),
      clientSecret: secretOf(clientId === null ? settings : token, 'client_secret'),
      refreshToken: secretOf(token, 'refresh_token'),
      scopes: scopesOf(settings, 'scope'),
      server: serverOf(registration, settings, textOf(token, 'tenant')),
    };
    return [login];
  },

  cleanUp: (file) => [
    `remove ${SCRIPT} from the mail program's configuration, and any cron job that runs it`,
    ...deleteFile(file, 'then delete its token file:'),
  ],
};

function serverOf(registration: string, settings: Members | null, tenant: string | null) {
  const known = Object.hasOwn(SERVICES, registration) ? SERVICES[registration] : undefined;
  const tokenEndpoint = textOf(settings, 'token_endpoint');
  if (tokenEndpoint !== null) {
    const authorizationEndpoint = textOf(settings, 'authorize_endpoint');
    const deviceAuthorizationEndpoint = textOf(settings, 'devicecode_endpoint');
    return { tokenEndpoint, authorizationEndpoint, deviceAuthorizationEndpoint, clientAuth: 'post' } as const;
  }
  return tenant === null ? (known ?? {}) : microsoftServer(tenant);
}

/** Where the manuals of mutt and neomutt, and many recipes, put it. */
function tokenFiles(place: Place): readonly string[] {
  const config = configFolder(place);
  const folders = [
    ...[config, place.home].flatMap((folder) => ['mutt', 'neomutt'].map((name) => join(folder, name))),
    ...['.mutt', '.neomutt'].map((name) => join(place.home, name)),
  ];
  const isToken = (name: string) => /token/i.test(name) && !/\.(?:py|sh|md|rc)$/.test(name);
  return folders.flatMap((folder) =>
    [folder, join(folder, 'tokens')].flatMap((each) =>
      place
        .names(each)
        .filter((name) => isToken(name) || each !== folder)
        .map((name) => join(each, name)),
    ),
  );
}

function scripts(place: Place, file: string): readonly string[] {
  const config = configFolder(place);
  const folders = [
    ...(file === '-' ? [] : [dirname(file), dirname(dirname(file))]),
    ...[
      join(config, 'mutt'),
      join(config, 'neomutt'),
      join(place.home, '.mutt'),
      join(place.home, '.neomutt'),
    ],
    ...[join(place.home, '.local', 'bin'), join(place.home, 'bin'), place.home, '/usr/local/bin'],
  ];
  return folders.map((folder) => join(folder, SCRIPT));
}

/** The entry of the dictionary `registrations`, whose values are strings between single or double quotes. */
function registrationIn(script: string, name: string): Members | null {
  const from = script.search(new RegExp(`^[ \\t]*['"]${name.replace(/[^\w-]/g, '.')}['"]\\s*:\\s*\\{`, 'm'));
  if (from === -1) return null;
  const entry = script.slice(from, script.indexOf('}', from));
  const pairs = entry.matchAll(/['"](\w+)['"]\s*:\s*(?:\(\s*)?((?:(?:'[^'\n]*'|"[^"\n]*")\s*)+)/g);
  return Object.fromEntries(
    [...pairs].map(([, key = '', texts = '']) => [
      key,
      [...texts.matchAll(/'([^'\n]*)'|"([^"\n]*)"/g)].map(([, one, two]) => one ?? two ?? '').join(''),
    ]),
  );
}
