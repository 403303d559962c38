import { redirectUri } from '../domain/endpoint.js';
import { type Finding, fine, skipped, warning } from '../domain/finding.js';
import type { Provider } from '../providers/contract.js';
import type { Check, HealthContext } from './contract.js';
import { usableProviders } from './in-use.js';

/** The redirect URI of each provider: what to register, and whether its port is free. */
export const redirect: Check = {
  name: 'redirect',
  title: 'redirect URI',
  group: 'providers',
  async run(ctx) {
    const providers = (await usableProviders(ctx)).filter(
      ({ resolved }) => resolved.provider.grant === undefined,
    );
    if (providers.length === 0) return [skipped('no provider is in use yet')];
    const findings: Finding[] = [];
    // One by one: providers may share a port, and the check occupies it briefly.
    for (const { resolved } of providers)
      findings.push(await checkRedirect(resolved.provider, resolved.redirectUri, ctx));
    return findings;
  },
};

async function checkRedirect(provider: Provider, own: string | null, ctx: HealthContext): Promise<Finding> {
  const about = { provider: provider.name };
  if (own?.startsWith('https:') === true) {
    return fine(`${provider.title}: ${own} must be registered; a login is finished by pasting`, about);
  }
  const { host, port } = provider.redirect;
  const uri = redirectUri(provider.redirect);
  if (port === 0) return fine(`${provider.title}: ${uri} on any free port`, about);
  if (await ctx.portIsFree(host, port)) {
    return fine(`${provider.title}: ${uri}, which must be registered exactly; the port is free`, about);
  }
  const message = `port ${port} for the redirect of ${provider.title} is used by another program`;
  return warning(message, portUsers(ctx.host.platform, port), about);
}

function portUsers(platform: NodeJS.Platform, port: number): string {
  if (platform === 'win32') return `netstat -ano | findstr :${port}`;
  return platform === 'darwin' ? `lsof -nP -iTCP:${port} -sTCP:LISTEN` : `ss -ltnp 'sport = :${port}'`;
}
