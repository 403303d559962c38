import { type ResolvedProvider, resolveProvider, type SettingsSources } from '../config/settings.js';
import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { NotLookedAt } from '../domain/finding.js';
import type { Provider } from '../providers/contract.js';
import type { HealthDeps } from './contract.js';

/** A provider that somebody has set something for, or has an account at. */
export interface ProviderInUse {
  readonly name: string;
  /** What is wrong where the settings do not make a provider at all. */
  readonly resolved: ResolvedProvider | VaultError;
  readonly accounts: readonly Account[];
}

/** In the order of the names. */
export async function providersInUse(deps: HealthDeps): Promise<readonly ProviderInUse[]> {
  const sources = await deps.settings();
  // A vault that cannot be read must not hide what is wrong with the settings.
  const accounts = await deps.accounts().catch((failure: unknown) => {
    if (failure instanceof NotLookedAt) return [];
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
    resolved: resolved(name, sources),
    accounts: accounts.filter(({ provider }) => provider === name),
  }));
}

/** Those of them whose settings make a provider; the check `clients` tells of the others. */
export async function usableProviders(
  deps: HealthDeps,
): Promise<readonly (Omit<ProviderInUse, 'resolved'> & { readonly resolved: ResolvedProvider })[]> {
  const all = await providersInUse(deps);
  return all.flatMap(({ resolved, ...rest }) =>
    resolved instanceof VaultError ? [] : [{ ...rest, resolved }],
  );
}

/**
 * One page of a provider's that any createProber may ask for: its metadata where the endpoints are discovered, else the
 * front page of the server with the token endpoint. Nothing is sent to the token endpoint itself.
 */
export function frontPage({ endpoints, issuer }: Provider): string {
  return endpoints === null
    ? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    : `${new URL(endpoints.token).origin}/`;
}

/** By a variable of its own: one that several providers share says nothing of the one that borrows it. */
function isSet(name: string, { catalogue, env, envFile }: SettingsSources): boolean {
  const [variable] = catalogue.builtIn(name, {})?.client.idVariables ?? [];
  return variable !== undefined && ((env[variable] ?? '') !== '' || (envFile[variable] ?? '') !== '');
}

function resolved(name: string, sources: SettingsSources): ResolvedProvider | VaultError {
  try {
    return resolveProvider(name, sources);
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}
