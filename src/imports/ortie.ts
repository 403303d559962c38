import { isAbsolute, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { Secret } from '../domain/secret.js';
import type { Importer, Place } from './contract.js';
import { configFolder, existing, jsonMembers, notSuch, openedText, secretOf, textOf } from './reading.js';

/*
 * ortie keeps no token itself: it runs the command `storage.read` of its config.toml, and prints and reads JSON. So the token comes
 * on stdin, or in a file, and the client from config.toml. Commands in it are not run. https://github.com/pimalaya/ortie
 */
export const ortie: Importer = {
  find: () => [],

  async read(file, opening) {
    const token = jsonMembers(await openedText(file, opening, 'ortie'));
    const refreshToken = secretOf(token, 'refresh_token');
    if (token === null || refreshToken === null)
      throw notSuch(
        file,
        'what the command storage.read of ortie prints, with a refresh token',
        `for example: pass show ortie/example | ${command('import ortie -')}`,
      );
    const [config] = existing(opening, configFiles(opening));
    const accounts = config === undefined ? [] : accountsIn(opening.read(config)?.toString('utf8') ?? '');
    const account = accounts.length === 1 ? accounts[0] : accounts.find(({ isDefault }) => isDefault);
    if (accounts.length > 0 && account === undefined)
      throw new VaultError(
        'usage',
        `${config} has several accounts, and the token does not say to which it belongs`,
        {
          hint: 'set default = true for that account in it',
        },
      );
    const settings = account?.settings ?? null;
    const secret = textOf(settings, 'client-secret.raw');
    return [
      {
        name: account?.name ?? null,
        email: textOf(settings, 'extras.login_hint'),
        clientId: textOf(settings, 'client-id'),
        clientSecret: secret === null ? null : new Secret(secret),
        refreshToken,
        scopes: textOf(settings, 'scopes')?.match(/[^\s,[\]"']+/g) ?? [],
        server: {
          tokenEndpoint: textOf(settings, 'endpoints.token'),
          authorizationEndpoint: textOf(settings, 'endpoints.authorization'),
        },
      },
    ];
  },

  cleanUp: (_, { name }) => [
    `remove the account ${name ?? ''} from ortie's config.toml, and delete its token where storage.write put it`,
  ],
};

interface TomlAccount {
  readonly name: string;
  readonly isDefault: boolean;
  readonly settings: Readonly<Record<string, string>>;
}

/** The tables `[accounts.NAME]`: their keys with dots, and values that are strings, words or lists on one line. */
function accountsIn(toml: string): readonly TomlAccount[] {
  return toml
    .split(/^[ \t]*\[(?=[^\]=\n]+\]\s*(?:#.*)?$)/m)
    .slice(1)
    .flatMap((table) => {
      const [, name] = /^accounts\.["']?([^\]"']+)["']?\]/.exec(table) ?? [];
      const pairs = table.matchAll(
        /^[ \t]*([\w.-]+)[ \t]*=[ \t]*(?:"([^"\\\n]*)"|'([^'\n]*)'|(\[[^\]\n]*\]|\w+))/gm,
      );
      const settings = Object.fromEntries(
        [...pairs].map(([, key, one, two, bare]) => [key ?? '', one ?? two ?? bare ?? '']),
      );
      return name === undefined ? [] : [{ name, isDefault: settings['default'] === 'true', settings }];
    });
}

function configFiles(place: Place): readonly string[] {
  const [named = ''] = (place.env['ORTIE_CONFIG'] ?? '').split(':');
  return [
    ...[named].filter(isAbsolute),
    join(configFolder(place), 'ortie', 'config.toml'),
    join(place.home, '.ortierc'),
  ];
}
