import {
  providerNames,
  type ResolvedProvider,
  resolveProvider,
  type SettingsSources,
} from '../../config/settings.js';
import type { Provider } from '../../providers/contract.js';
import type { ProviderView } from '../contract.js';

/**
 * What `vault providers` shows: what there is, what each needs, and what is set.
 *
 * @param name null: all of them
 * @throws VaultError `provider_unknown`; `config_invalid` when the settings do not make a provider at all
 */
export async function providerOverview(
  sources: SettingsSources,
  name: string | null,
): Promise<readonly ProviderView[]> {
  const names = name === null ? providerNames(sources) : [name];
  return names.map((each) => viewOf(resolveProvider(each, sources)));
}

function viewOf(resolved: ResolvedProvider): ProviderView {
  const { provider, problems } = resolved;
  const { client } = provider;
  const unset = resolved.missing.map(({ variable, why }) => `${variable} ${why}`);
  const wrong = problems
    .filter((problem) => problem.code !== 'client_not_configured')
    .map((problem) => problem.message);
  return {
    name: provider.name,
    title: provider.title,
    builtIn: resolved.builtIn,
    configured: problems.length === 0,
    missing: [...unset, ...wrong],
    issuer: provider.issuer,
    scopes: provider.scopes,
    redirectUri: resolved.redirectUri ?? redirectToRegister(provider),
    pkce: provider.pkce,
    revocation: provider.revocation.style !== 'none',
    idVariables: client.idVariables,
    secretVariables: client.secret === 'forbidden' ? [] : client.secretVariables,
    secret: client.secret,
    registrationUrl: client.registrationUrl,
    registrationSteps: client.registrationSteps,
    manageUrl: provider.manageUrl,
    notes: provider.notes,
  };
}

/** Without a port where any will do: so it is registered at providers that want it registered. */
function redirectToRegister({ redirect }: Provider): string {
  const port = redirect.port === 0 ? '' : `:${redirect.port}`;
  return `http://${redirect.host}${port}${redirect.path}`;
}
