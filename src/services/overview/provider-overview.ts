import { providerNames, type ResolvedProvider, resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import type { Provider } from '../../providers/contract.js';

export interface ProviderView {
  readonly name: string;
  readonly title: string;
  readonly builtIn: boolean;
  readonly configured: boolean;
  /** What is still missing, each with the variable or field to set. */
  readonly missing: readonly string[];
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  readonly pkce: boolean;
  readonly revocation: boolean;
  readonly idVariables: readonly string[];
  readonly secretVariables: readonly string[];
  readonly secret: 'required' | 'forbidden' | 'optional';
  readonly registrationUrl: string;
  readonly registrationSteps: readonly string[];
  readonly manageUrl: string | null;
  readonly notes: readonly string[];
}

/**
 * The providers, what each needs, and what is set.
 *
 * @param name null: all of them
 * @throws VaultError `provider_unknown`; `config_invalid` when the settings do not make a provider
 */
export async function providerOverview(
  ctx: Pick<Context, 'settings'>,
  name: string | null,
): Promise<readonly ProviderView[]> {
  const sources = await ctx.settings();
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

/** Without a port where the provider accepts any: that is the form to register. */
function redirectToRegister({ redirect }: Provider): string {
  const port = redirect.port === 0 ? '' : `:${redirect.port}`;
  return `http://${redirect.host}${port}${redirect.path}`;
}
