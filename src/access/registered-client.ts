import { configureProvider, type SettingsSources } from '../config/settings.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { OpenClient } from '../vault/registered-clients.js';
import type { Vault } from '../vault/vault.js';

/**
 * The provider of this name, ready for a refresh, and for a login.
 *
 * @throws VaultError as {@link configureProvider}, and the vault's own
 */
export async function providerWithClient(
  name: string,
  sources: SettingsSources,
  vault: () => Promise<Pick<Vault, 'clients'> | null>,
): Promise<ConfiguredProvider> {
  const provider = configureProvider(name, sources);
  return provider.registered === true ? withRegisteredClient(await vault(), provider) : provider;
}

/** The provider with the client that this program registered there, if any. @throws VaultError `vault_damaged`, and the key's own */
async function withRegisteredClient(
  vault: Pick<Vault, 'clients'> | null,
  provider: ConfiguredProvider,
): Promise<ConfiguredProvider> {
  if (vault === null) return provider;
  const clients = await vault.clients();
  // Looked for without a key first.
  const isThere = (await clients.all()).some(({ issuer }) => issuer === provider.issuer);
  const client = isThere ? await clients.at(provider.issuer) : null;
  return client === null ? provider : withClient(provider, client);
}

/** The redirect URI is the one that was registered. */
export function withClient(provider: ConfiguredProvider, client: OpenClient): ConfiguredProvider {
  const { clientSecret, registrationToken: _, registrationUri: __, ...registration } = client;
  const { clientId, clientAuth, redirectUri } = client;
  const { hostname, port, pathname } = new URL(redirectUri);
  const host = hostname === 'localhost' ? 'localhost' : '127.0.0.1';
  const redirect = { host, port: Number(port), path: pathname } as const;
  return { ...provider, clientId, clientSecret, clientAuth, registration, redirect };
}
