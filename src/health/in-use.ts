import { type ResolvedProvider, resolveProvider, type SettingsSources } from '../config/settings.js';
import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { NotChecked } from '../domain/finding.js';
import type { Provider } from '../providers/contract.js';
import type { HealthContext } from './contract.js';

/** A provider that is configured or has accounts. */
export interface ProviderInUse {
  readonly name: string;
  /** The error where the settings are invalid. */
  readonly resolved: ResolvedProvider | VaultError;
  readonly accounts: readonly Account[];
}

/** In the order of the names. */
export async function providersInUse(ctx: HealthContext): Promise<readonly ProviderInUse[]> {
  const sources = await ctx.settings();
  // Settings are checked also where the vault is unreadable.
  const accounts = await ctx.accounts().catch((failure: unknown) => {
    if (failure instanceof NotChecked) return [];
    throw failure;
  });
  const own = sources.catalogue.names.filter((name) => isSet(name, sources));
  const names = new Set([
    ...own,
    ...Object.keys(sources.config.providers),
    ...accounts.map(({ provider }) => provider),
  ]);
  return [...names].sort().map((name) => ({
    name,
    resolved: resolve(name, sources),
    accounts: accounts.filter(({ provider }) => provider === name),
  }));
}

/** The providers with valid settings; the check `clients` reports the others. */
export async function usableProviders(
  ctx: HealthContext,
): Promise<readonly (Omit<ProviderInUse, 'resolved'> & { readonly resolved: ResolvedProvider })[]> {
  const all = await providersInUse(ctx);
  return all.flatMap(({ resolved, ...rest }) =>
    resolved instanceof VaultError ? [] : [{ ...rest, resolved }],
  );
}

/**
 * A public page of the provider: its metadata where the endpoints are discovered, else the front page of the server with
 * the token endpoint, to which nothing is sent.
 */
export function frontPage({ endpoints, issuer }: Provider): string {
  return endpoints === null
    ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    : `${new URL(endpoints.token).origin}/`;
}

/** By its first variable, because further ones are shared with other providers. */
function isSet(name: string, { catalogue, env, envFile }: SettingsSources): boolean {
  const [variable] = catalogue.builtIn(name, {})?.client.idVariables ?? [];
  return variable !== undefined && ((env[variable] ?? '') !== '' || (envFile[variable] ?? '') !== '');
}

function resolve(name: string, sources: SettingsSources): ResolvedProvider | VaultError {
  try {
    return resolveProvider(name, sources);
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}
