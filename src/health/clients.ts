import type { ResolvedProvider } from '../config/settings.js';
import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf, skipped, warning } from '../domain/finding.js';
import { isIssuer } from '../oauth/discovery.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { AccountCommands, Check } from './contract.js';
import { type ProviderInUse, providersInUse } from './in-use.js';

/** What docker's `--env-file` and careless pasting leave around a value. */
const QUOTED = /^["'`\u2018\u2019\u201c\u201d]|["'`\u2018\u2019\u201c\u201d]$/;
/** Neither may hold one (RFC 6749, appendix A.1 and A.2); a space within is legal, and those around are dropped when settings are read. */
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Client id, client secret and redirect URI of each provider in use, and whether accounts are still bound to them. */
export const clients: Check = {
  name: 'clients',
  title: 'clients',
  group: 'providers',
  async run(deps) {
    const providers = await providersInUse(deps);
    if (providers.length === 0) return [skipped('no provider is set up yet', 'vault providers')];
    return providers.flatMap((provider) => look(provider, deps.commands));
  },
};

function look({ name, resolved, accounts }: ProviderInUse, commands: AccountCommands): Finding[] {
  const about = { provider: name };
  if (resolved instanceof VaultError) return [problemOf(resolved, about)];
  const shape = shapeOf(resolved);
  if (shape !== null) return [problem('config_invalid', shape, `vault providers ${name}`, about)];
  const problems = resolved.problems.map((each) => problemOf(each, about));
  if (problems.length > 0) return problems;
  const strays = accounts.flatMap((account) => strayOf(account, resolved, commands));
  if (strays.length > 0) return strays;
  const pasted = whichOf(resolved, CONTROL);
  if (pasted !== null) {
    const message = `the ${pasted} of ${resolved.provider.title} has a control character in it`;
    return [warning(message, `vault providers ${name}`, about)];
  }
  return [fine(`the client of ${resolved.provider.title} is set up`, about)];
}

/** A mistake in the form of id or secret, in words that repeat neither. */
function shapeOf({ provider, clientId, clientSecret }: ResolvedProvider): string | null {
  const { title, client } = provider;
  const secret = clientSecret?.reveal() ?? '';
  const id = clientId ?? '';
  const fits = (value: string) =>
    client.idPattern !== null && new RegExp(`^(?:${client.idPattern})$`).test(value);
  if (id !== '' && id === secret) return `client id and client secret of ${title} are the same`;
  if (fits(secret) && !fits(id)) return `client id and client secret of ${title} seem to be swapped`;
  const what = whichOf({ clientId, clientSecret }, QUOTED);
  return what === null ? null : `the ${what} of ${title} has a quote at its beginning or end`;
}

function whichOf(
  { clientId, clientSecret }: Pick<ResolvedProvider, 'clientId' | 'clientSecret'>,
  pattern: RegExp,
): string | null {
  if (pattern.test(clientId ?? '')) return 'client id';
  return pattern.test(clientSecret?.reveal() ?? '') ? 'client secret' : null;
}

/** An account's refresh token goes only where it came from; after a change of settings it goes nowhere. */
function strayOf(
  account: Account,
  { provider, clientId }: Pick<ResolvedProvider, 'provider' | 'clientId'>,
  commands: AccountCommands,
): Finding[] {
  const changed = changedIn(account, { ...provider, clientId: clientId ?? '' });
  if (changed === null) return [];
  const name = accountName(account);
  const message = `the ${changed} configured for ${provider.name} is not the one ${name} was logged in with, so its refresh token is not sent`;
  return [
    problem('binding_changed', message, commands.login(account), { account: name, provider: provider.name }),
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
