import { copyingMistake } from '../config/client.js';
import type { ResolvedProvider } from '../config/settings.js';
import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import type { RegisteredClient } from '../domain/registered-client.js';
import { bindingError } from '../oauth/binding.js';
import { type Check, type HealthContext, readableVault } from './contract.js';
import { type ProviderInUse, providersInUse } from './in-use.js';

/** Forbidden in both (RFC 6749, appendix A.1 and A.2); outer spaces are removed when settings are read. */
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Client id, client secret and redirect URI of each provider in use, and whether accounts are still bound to them. */
export const clients: Check = {
  name: 'clients',
  title: 'clients',
  group: 'providers',
  async run(ctx) {
    const providers = await providersInUse(ctx);
    if (providers.length === 0) return [skipped('no provider is set up yet', command('providers'))];
    const registered = await registeredClients(ctx);
    return providers.flatMap((each) => checkClient(each, registered));
  },
};

/** The clients that this program registered, by their issuers; none where the vault cannot be read, which another check reports. */
async function registeredClients(ctx: HealthContext): Promise<ReadonlyMap<string, RegisteredClient>> {
  const store = await readableVault(ctx).catch(() => null);
  const clients = store !== null && 'clients' in store ? await store.clients.all().catch(() => []) : [];
  return new Map(clients.map((client) => [client.issuer, client]));
}

function checkClient(
  { name, resolved, accounts }: ProviderInUse,
  registered: ReadonlyMap<string, RegisteredClient>,
): Finding[] {
  const about = { provider: name };
  if (resolved instanceof VaultError) return [problemOf(resolved, about)];
  const hasKey = resolved.provider.clientAuth === 'private_key_jwt';
  const mistake = copyingMistake(resolved.provider, resolved.clientId, resolved.clientSecret);
  if (mistake !== null) return [problem('config_invalid', mistake, command(`setup ${name}`), about)];
  const problems = resolved.problems.map((each) => problemOf(each, about));
  if (problems.length > 0) return problems;
  const { provider } = resolved;
  const own = provider.registered === true ? registered.get(provider.issuer) : undefined;
  const clientId = own?.clientId ?? resolved.clientId;
  const unbound = accounts.flatMap((account): Finding[] => {
    const error = bindingError(account, { ...provider, clientId: clientId ?? '' });
    return error === null ? [] : [problemOf(error, { account: accountName(account), provider: name })];
  });
  if (unbound.length > 0) return unbound;
  const pasted = whichOf(hasKey ? { ...resolved, clientSecret: null } : resolved, CONTROL);
  if (pasted !== null) {
    const message = `the ${pasted} of ${resolved.provider.title} contains a control character`;
    return [warning(message, command(`providers ${name}`), about)];
  }
  return [fine(`the client of ${resolved.provider.title} is set up`, about)];
}

function whichOf(
  { clientId, clientSecret }: Pick<ResolvedProvider, 'clientId' | 'clientSecret'>,
  pattern: RegExp,
): string | null {
  if (pattern.test(clientId ?? '')) return 'client id';
  return pattern.test(clientSecret?.reveal() ?? '') ? 'client secret' : null;
}
