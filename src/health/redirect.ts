import { type Finding, fine, skipped, warning } from '../domain/finding.js';
import type { Provider } from '../providers/contract.js';
import type { Check, HealthDeps } from './contract.js';
import { usableProviders } from './in-use.js';

/** The redirect URI a login at each provider uses: what has to be registered there, and whether it can be listened on. */
export const redirect: Check = {
  name: 'redirect',
  title: 'redirect URI',
  group: 'providers',
  async run(deps) {
    const providers = await usableProviders(deps);
    if (providers.length === 0) return [skipped('no provider is in use yet')];
    const findings: Finding[] = [];
    // One after the other: providers may share a port, and a look at it takes the port for a moment.
    for (const { resolved } of providers)
      findings.push(await look(resolved.provider, resolved.redirectUri, deps));
    return findings;
  },
};

async function look(provider: Provider, own: string | null, deps: HealthDeps): Promise<Finding> {
  const about = { provider: provider.name };
  if (own?.startsWith('https:') === true) {
    return fine(
      `a login at ${provider.title} ends at ${own} and is finished by pasting; it must be registered`,
      about,
    );
  }
  const { host, port, path } = provider.redirect;
  if (port === 0) {
    return fine(`a login at ${provider.title} ends at http://${host}${path}, on any free port`, about);
  }
  const uri = `http://${host}:${port}${path}`;
  if (await deps.portIsFree(host, port)) {
    return fine(
      `a login at ${provider.title} ends at ${uri}, which must be registered just so; the port is free`,
      about,
    );
  }
  const message = `port ${port}, at which a login at ${provider.title} ends, is taken by another program`;
  return warning(message, seeWho(deps.platform, port), about);
}

function seeWho(platform: NodeJS.Platform, port: number): string {
  if (platform === 'win32') return `netstat -ano | findstr :${port}`;
  return platform === 'darwin' ? `lsof -nP -iTCP:${port} -sTCP:LISTEN` : `ss -ltnp 'sport = :${port}'`;
}
