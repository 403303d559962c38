import { isAbsolute, join } from 'node:path';
import { quoted } from '../domain/safe-text.js';
import type { FoundServer, Importer, Place } from './contract.js';
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
 * oama: `EMAIL.oauth`, JSON encrypted with gpg, or the same in a keyring, which `oama show EMAIL` prints. The client is in its
 * config.yaml, below `services`. https://github.com/pdobsan/oama
 */
export const oama: Importer = {
  find: (place) => {
    const folder = stateFolder(place);
    const files = place.names(folder).filter((name) => name.endsWith('.oauth'));
    return existing(
      place,
      files.map((name) => join(folder, name)),
    );
  },

  async read(file, opening) {
    const token = jsonMembers(await openedText(file, opening, 'oama'));
    const service = textOf(token, 'service');
    if (token === null || service === null || !('refresh_token' in token))
      throw notSuch(file, 'a token file of oama');
    const [config] = existing(opening, [join(configFolder(opening), 'oama', 'config.yaml')]);
    const settings =
      config === undefined ? null : serviceIn(opening.read(config)?.toString('utf8') ?? '', service);
    const email = token['email'];
    return [
      {
        name: null,
        email: textOf(token, 'email') ?? textOf(email as Members | null, 'unEmailAddress'),
        clientId: textOf(settings, 'client_id'),
        clientSecret: secretOf(settings, 'client_secret'),
        refreshToken: secretOf(token, 'refresh_token'),
        scopes: scopesOf(token, 'scope'),
        server: serverOf(service, settings),
      },
    ];
  },

  cleanUp: (file, { email }) => [
    'remove `oama access` from the mail program; where oama keeps the token in a keyring:',
    `secret-tool clear oama ${quoted(email ?? 'EMAIL')}`,
    ...deleteFile(file, 'where it keeps it in a file:'),
  ],
};

function serverOf(service: string, settings: Members | null): FoundServer {
  const tokenEndpoint = textOf(settings, 'token_endpoint');
  if (tokenEndpoint !== null)
    return { tokenEndpoint, authorizationEndpoint: textOf(settings, 'auth_endpoint'), clientAuth: 'post' };
  const known = Object.hasOwn(SERVICES, service) ? (SERVICES[service] ?? {}) : {};
  const tenant = textOf(settings, 'tenant');
  return tenant === null ? known : microsoftServer(tenant);
}

/** The lines `name: value` that are indented below the service, which is indented below `services:`. */
function serviceIn(yaml: string, service: string): Members | null {
  const found: Record<string, string> = {};
  let [section, name] = ['', ''];
  for (const line of yaml.split(/\r?\n/)) {
    const [, indent = '', key, value = ''] = /^( *)(?:- )?([\w-]+):\s*(.*)$/.exec(line.trimEnd()) ?? [];
    if (key === undefined) continue;
    if (indent === '') [section, name] = [key, ''];
    else if (value === '') name = key;
    else if (section === 'services' && name === service) found[key] = plain(value);
  }
  return Object.keys(found).length === 0 ? null : found;
}

function plain(value: string): string {
  const [, single, double] = /^(?:'([^']*)'|"([^"\\]*)")/.exec(value) ?? [];
  return single ?? double ?? value.replace(/\s#.*$/, '').trimEnd();
}

function stateFolder({ env, home }: Place): string {
  const named = env['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(named) ? named : join(home, '.local', 'state'), 'oama');
}
