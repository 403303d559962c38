import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { describeTransport, TransportFailure, transportHint } from '../domain/transport.js';
import { discover } from '../oauth/discovery.js';
import type { Provider } from '../providers/contract.js';
import type { Check, HealthContext } from './contract.js';
import { frontPage, usableProviders } from './in-use.js';

type Visit = NonNullable<HealthContext['visit']>;

/** Whether each provider is reachable over https and is the configured issuer. */
export const endpoints: Check = {
  name: 'endpoints',
  title: 'endpoints',
  group: 'providers',
  async run(ctx) {
    const { visit } = ctx;
    const providers = await usableProviders(ctx);
    if (providers.length === 0) return [skipped('no provider is in use yet')];
    if (visit === null) return [skipped('nothing is sent with --offline')];
    return Promise.all(
      providers.map(async ({ name, resolved }) => {
        const finding = await checkProvider(resolved.provider, visit);
        return { ...finding, message: `${name}: ${finding.message}` };
      }),
    );
  },
};

async function checkProvider(provider: Provider, visit: Visit): Promise<Finding> {
  const about = { provider: provider.name };
  const unsafe = Object.values(provider.endpoints ?? {}).find(
    (url: string | null) => url !== null && parseEndpoint(url) === null,
  );
  if (unsafe !== undefined) {
    const message = 'an endpoint is neither https nor on this machine';
    return problem('config_invalid', message, command(`providers ${provider.name}`), about);
  }
  try {
    return provider.endpoints === null ? await discovered(provider, visit) : await reached(provider, visit);
  } catch (failure) {
    if (failure instanceof VaultError) return problemOf(failure, about);
    if (!(failure instanceof TransportFailure)) throw failure;
    return problem(
      'network_failed',
      describeTransport(failure),
      transportHint(failure, `try again when the network is back: ${command('doctor')}`),
      about,
    );
  }
}

async function discovered(provider: Provider, visit: Visit): Promise<Finding> {
  const http = {
    send: async ({ url }: { readonly url: string }) => (await visit(url)).answer,
    close: async () => {},
  };
  await discover(http, provider.issuer);
  return fine(`${new URL(provider.issuer).host} answers and is the configured issuer`, {
    provider: provider.name,
  });
}

async function reached(provider: Provider, visit: Visit): Promise<Finding> {
  const page = frontPage(provider);
  const about = { provider: provider.name };
  const { host } = new URL(page);
  const { status } = (await visit(page)).answer;
  if (status < 500) return fine(`${host} answers`, about);
  return warning(`${host} answers with status ${status}`, `try again later: ${command('doctor')}`, about);
}
