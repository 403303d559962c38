import { isAbsolute, join } from 'node:path';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Importer, Place } from './contract.js';
import { configFolder, existing, jsonMembers, notSuch, scopesOf, secretOf, textOf } from './reading.js';

/*
 * oidc-agent: a file for each account configuration, which `oidc-gen --print` opens and prints as JSON.
 * https://indigo-dc.gitbook.io/oidc-agent/user/oidc-gen
 */
export const oidcAgent: Importer = {
  find: (place) =>
    existing(
      place,
      folders(place).flatMap((folder) => accountFiles(place, folder)),
    ),

  isName: (typed) => /^[\w.@-]+$/.test(typed) && typed !== '-',

  async read(file, { passwordFile, ...opening }) {
    const password = passwordFile === null ? [] : [`--pw-file=${passwordFile}`];
    const printed = await opening.run('oidc-gen', [`--print=${file}`, ...password], `open ${file}`);
    const text = printed.toString('utf8');
    const account = jsonMembers(text.slice(text.indexOf('{')));
    const clientId = textOf(account, 'client_id');
    if (account === null || clientId === null) throw notSuch(file, 'an account configuration of oidc-agent');
    const isPublic = account['uses_pub_client'] === 1 || account['uses_pub_client'] === true;
    return [
      {
        name: textOf(account, 'name'),
        email: null,
        clientId,
        clientSecret: secretOf(account, 'client_secret'),
        refreshToken: secretOf(account, 'refresh_token'),
        scopes: scopesOf(account, 'scope').concat(scopesOf(account, 'auth_scope')),
        // oidc-agent adds a slash to every issuer.
        server: { issuer: textOf(account, 'issuer_url')?.replace(/\/$/, '') ?? null },
        ...(isPublic && { clientOwner: 'oidc-agent' }),
      },
    ];
  },

  cleanUp: (_, { name }) => [
    'remove the account from the agent, and delete its configuration:',
    `oidc-add --remove ${quoted(name ?? 'NAME')}`,
    `rm ~/.config/oidc-agent/${quoted(name ?? 'NAME')}   # or in ~/.oidc-agent`,
    'do not use oidc-gen --delete: it revokes the refresh token. Programs that asked oidc-agent for a token now run:',
    command('token ACCOUNT'),
  ],
};

function folders({ env, home, ...place }: Place): readonly string[] {
  const named = env['OIDC_CONFIG_DIR'] ?? '';
  const usual = [join(configFolder({ ...place, env, home }), 'oidc-agent'), join(home, '.oidc-agent')];
  return isAbsolute(named) ? [named] : usual;
}

/** Besides the accounts there are lists of issuers and public clients, which have an extension. */
function accountFiles(place: Place, folder: string): readonly string[] {
  return place
    .names(folder)
    .filter((name) => !/\.(?:config|conf|log|clientconfig.*)$/.test(name) && !name.startsWith('.'))
    .map((name) => join(folder, name));
}
