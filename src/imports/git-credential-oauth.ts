import { join } from 'node:path';
import { command } from '../domain/hints.js';
import { Secret } from '../domain/secret.js';
import type { Importer } from './contract.js';
import { iniSections } from './ini.js';
import { configFolder, contentOf, existing, type Members, notSuch, scopesOf, textOf } from './reading.js';

/*
 * git-credential-oauth has its settings in git's configuration, `[credential "https://host"]`, and no tokens: these are in the
 * storage helper, without the client. So the server is set up, and a login follows. Addresses may be relative to the host.
 * https://github.com/hickford/git-credential-oauth
 */
export const gitCredentialOauth: Importer = {
  find: (place) => {
    const files = [join(place.home, '.gitconfig'), join(configFolder(place), 'git', 'config')];
    return existing(place, files).filter((file) =>
      /oauthClientId/i.test(place.read(file)?.toString('utf8') ?? ''),
    );
  },

  async read(file, opening) {
    const sections = [...iniSections(contentOf(file, opening).toString('utf8'))];
    const servers = sections.flatMap(([section, members]) => {
      const [, url] = /^credential\s+"(https?:\/\/[^"\\]+)"$/i.exec(section) ?? [];
      const clientId = value(members, 'oauthclientid');
      return url === undefined || clientId === null ? [] : [{ url, clientId, members }];
    });
    if (servers.length === 0)
      throw notSuch(file, 'a configuration of git with settings of git-credential-oauth');
    return servers.map(({ url, clientId, members }) => {
      const secret = value(members, 'oauthclientsecret');
      const address = (key: string) => absolute(value(members, key), url);
      return {
        name: url,
        email: null,
        clientId,
        clientSecret: secret === null ? null : new Secret(secret),
        refreshToken: null,
        scopes: scopesOf(members, 'oauthscopes'),
        server: {
          tokenEndpoint: address('oauthtokenurl'),
          authorizationEndpoint: address('oauthauthurl'),
          deviceAuthorizationEndpoint: address('oauthdeviceauthurl'),
        },
      };
    });
  },

  cleanUp: () => [
    'after the login, connect git to vault:',
    command('connect git'),
    'then remove the lines helper = oauth and oauth… from the configuration of git',
  ],
};

/** Without the quotes and the comment that git allows. */
function value(members: Members, key: string): string | null {
  const text = textOf(members, key);
  return text === null ? null : (/^"([^"\\]*)"/.exec(text)?.[1] ?? text.replace(/\s[#;].*$/, '').trimEnd());
}

function absolute(address: string | null, base: string): string | null {
  return address !== null && URL.canParse(address, base) ? new URL(address, base).href : null;
}
