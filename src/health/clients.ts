import type { ResolvedProvider } from '../config/settings.js';
import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { command, loginCommand } from '../domain/hints.js';
import { isIssuer } from '../oauth/discovery.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { Check } from './contract.js';
import { type ProviderInUse, providersInUse } from './in-use.js';

/** Quotes that docker's `--env-file` and careless pasting leave around a value. */
const QUOTED = /^["'`\u2018\u2019\u201c\u201d]|["'`\u2018\u2019\u201c\u201d]$/;
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
    return providers.flatMap(checkClient);
  },
};

function checkClient({ name, resolved, accounts }: ProviderInUse): Finding[] {
  const about = { provider: name };
  if (resolved instanceof VaultError) return [problemOf(resolved, about)];
  const shape = shapeOf(resolved);
  if (shape !== null) return [problem('config_invalid', shape, command(`providers ${name}`), about)];
  const problems = resolved.problems.map((each) => problemOf(each, about));
  if (problems.length > 0) return problems;
  const unbound = accounts.flatMap((account) => unboundAccount(account, resolved));
  if (unbound.length > 0) return unbound;
  const pasted = whichOf(resolved, CONTROL);
  if (pasted !== null) {
    const message = `the ${pasted} of ${resolved.provider.title} contains a control character`;
    return [warning(message, command(`providers ${name}`), about)];
  }
  return [fine(`the client of ${resolved.provider.title} is set up`, about)];
}

/** A mistake in the form of id or secret; the message repeats neither. */
function shapeOf({ provider, clientId, clientSecret }: ResolvedProvider): string | null {
  const { title, client } = provider;
  const secret = clientSecret?.reveal() ?? '';
  const id = clientId ?? '';
  const fits = (value: string) =>
    client.idPattern !== null && new RegExp(`^(?:${client.idPattern})$`).test(value);
  if (id !== '' && id === secret) return `client id and client secret of ${title} are the same`;
  if (fits(secret) && !fits(id)) return `client id and client secret of ${title} seem to be swapped`;
  const what = whichOf({ clientId, clientSecret }, QUOTED);
  return what === null ? null : `the ${what} of ${title} begins or ends with a quote`;
}

function whichOf(
  { clientId, clientSecret }: Pick<ResolvedProvider, 'clientId' | 'clientSecret'>,
  pattern: RegExp,
): string | null {
  if (pattern.test(clientId ?? '')) return 'client id';
  return pattern.test(clientSecret?.reveal() ?? '') ? 'client secret' : null;
}

/** A refresh token is only sent where it came from; after a change of settings nowhere. */
function unboundAccount(
  account: Account,
  { provider, clientId }: Pick<ResolvedProvider, 'provider' | 'clientId'>,
): Finding[] {
  const changed = changedIn(account, { ...provider, clientId: clientId ?? '' });
  if (changed === null) return [];
  const name = accountName(account);
  const message = `the ${changed} configured for ${provider.name} is not the one ${name} was logged in with, so its refresh token is not sent`;
  return [
    problem('binding_changed', message, loginCommand(account), { account: name, provider: provider.name }),
  ];
}

function changedIn(
  account: Account,
  provider: Pick<ConfiguredProvider, 'clientId' | 'issuer' | 'endpoints'>,
): string | null {
  if (account.clientId !== provider.clientId) return 'client id';
  if (!isIssuer(provider.issuer, account.issuer)) return 'issuer';
  const elsewhere = provider.endpoints !== null && provider.endpoints.token !== account.tokenEndpoint;
  return elsewhere ? 'token endpoint' : null;
}
