import { providerNames, type ResolvedProvider, resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { redirectUri } from '../../domain/endpoint.js';

export type ProviderView = ReturnType<typeof viewOf>;

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

/** The names are an API: with `--json` they are printed in snake case. */
function viewOf(resolved: ResolvedProvider) {
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
    /** Each with the variable or field to set. */
    missing: [...unset, ...wrong],
    issuer: provider.issuer,
    scopes: provider.scopes,
    redirectUri: resolved.redirectUri ?? redirectUri(provider.redirect),
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
