import { parseEndpoint } from '../domain/endpoint.js';
import { clientVariables } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import type { Provider } from './contract.js';
import { fromConfig } from './custom.js';
import type { ProviderEntry } from './settings.js';

/**
 * Makes a provider of a built-in entry, which is what a user could write into `config.json`, and facts besides.
 *
 * @param env the environment, with the values of `.env` under it
 * @param baseUrl the server, over the one that the entry's variable names; null: not set
 * @throws VaultError `config_invalid` for an address that cannot be the base of others
 */
export function defineProvider(
  name: string,
  entry: ProviderEntry,
  env: Readonly<Record<string, string | undefined>>,
  baseUrl: string | null,
): Provider {
  const located = entry.base === undefined ? entry : at(serverOf(entry.base, env, baseUrl), entry);
  const { client, ...settings } = located;
  const { revocationFacts, requiredScopes, scopesNotEchoed, issuerTemplate, httpsRedirect, nonce } = settings;
  const { errors, grantLimits, device, deadEnds, mail, notes, documented } = settings;
  const made = fromConfig(name, settings, null);
  const variables = clientVariables(name);
  return {
    ...made,
    ...(issuerTemplate !== undefined && { issuerTemplate }),
    ...(httpsRedirect !== undefined && { httpsRedirect }),
    ...(nonce !== undefined && { nonce }),
    client: {
      ...made.client,
      idVariables: [variables.id],
      secretVariables: [variables.secret],
      ...client,
    },
    requiredScopes: requiredScopes ?? made.requiredScopes ?? [],
    scopesNotEchoed: scopesNotEchoed ?? made.scopesNotEchoed,
    revocation: { ...made.revocation, ...revocationFacts },
    errors: { ...made.errors, ...errors },
    grantLimits: grantLimits ?? [],
    device: device ?? null,
    deadEnds: deadEnds ?? [],
    mail: mail ?? null,
    notes: notes ?? [],
    documented,
  };
}

function serverOf(
  { variable, url }: NonNullable<ProviderEntry['base']>,
  env: Readonly<Record<string, string | undefined>>,
  baseUrl: string | null,
): string {
  const text = baseUrl ?? (env[variable]?.trim() || url);
  const server = parseEndpoint(text);
  if (server !== null && server.search === '') return server.href.replace(/\/$/, '');
  const setting = baseUrl === null ? variable : 'baseUrl in config.json';
  throw new VaultError('config_invalid', `${setting} is not the https address of a server`, {
    hint: `set ${setting} to the address of the server without a query, for example ${url}`,
  });
}

/** An address in its normal form has no character that JSON would escape. */
function at(server: string, entry: ProviderEntry): ProviderEntry {
  return JSON.parse(JSON.stringify(entry).replaceAll('{base}', server));
}
