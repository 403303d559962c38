import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { ConnectRequest } from './contract.js';
import { hostOf } from './hosts.js';

/** Which user name a registry wants beside an access token, from the documentation of each. */
const USERNAMES: readonly { readonly suffix: string; readonly username: string }[] = [
  { suffix: 'pkg.dev', username: 'oauth2accesstoken' },
  { suffix: 'gcr.io', username: 'oauth2accesstoken' },
  { suffix: 'ghcr.io', username: 'x-access-token' },
];

/** GitLab accepts no other; most others accept any that is not empty. */
const OTHER = 'oauth2';

export function usernameFor(host: string): string {
  const bare = host.replace(/:\d+$/, '');
  const known = USERNAMES.find(({ suffix }) => bare === suffix || bare.endsWith(`.${suffix}`));
  return known?.username ?? OTHER;
}

/**
 * The host to connect an account for.
 *
 * @param usual by provider, where it has one
 * @param example of a host, for the hint
 * @throws VaultError `usage` when it is not known, or not a host that gets a token
 */
export function hostToConnect(
  tool: string,
  { account, provider, target }: ConnectRequest,
  usual: Readonly<Record<string, string>>,
  example: string,
): string {
  const wanted = target ?? usual[provider.provider];
  if (wanted === undefined)
    throw new VaultError('usage', `the host that ${tool} calls is not known for ${provider.provider}`, {
      hint: command(`connect ${tool} ${quoted(account)} --for ${example}`),
    });
  const host = hostOf(wanted);
  if (host !== null) return host;
  throw new VaultError('usage', `${tool} gets no token for ${wanted}, because it is not encrypted`, {
    hint: command(`connect ${tool} ${quoted(account)} --for ${example}`),
  });
}
