import { redirectUri } from '../src/domain/endpoint.js';
import type { Provider } from '../src/providers/contract.js';
import { builtInProvider, catalogue } from '../src/providers/index.js';

const HEAD = `# Built-in providers

Made from the entries in \`src/providers/\` by \`scripts/provider-table.ts\`. They follow the documentation of each provider, as read in
the month shown, and were not tried live. \`vault providers NAME\` has the steps to register a client and the notes;
[providers](providers.md) says how to add others, and how to change a field of these.

A redirect URI without a port works with any port; one with a port has to be registered exactly as it is here. "With a secret"
means that the client needs one, "optional" that a public client works as well.

| name | provider | client | PKCE | redirect URI | access token | refresh token | replaced | revoked by vault | documentation |
|---|---|---|---|---|---|---|---|---|---|
`;

/** The page `docs/provider-table.md`. */
export function providerTable(): string {
  const providers = catalogue.names.flatMap((name) => builtInProvider(name, {}) ?? []);
  return HEAD + providers.map((provider) => `| ${cells(provider).join(' | ')} |\n`).join('');
}

function cells(provider: Provider): readonly string[] {
  const { name, title, client, pkce, revocation, documented } = provider;
  return [
    `\`${name}\``,
    title,
    { required: 'with a secret', optional: 'secret optional', forbidden: 'without a secret' }[client.secret],
    pkce ? 'yes' : 'no',
    redirectOf(provider),
    documented?.accessToken ?? '',
    documented?.refreshToken ?? '',
    documented?.rotates ?? '',
    revocation.style === 'none' ? 'no' : 'yes',
    `[${documented?.read}](${documented?.source})`,
  ];
}

function redirectOf({ httpsRedirect, client, redirect }: Provider): string {
  if (httpsRedirect === true) return 'an https page of yours';
  return client.anyLoopback === true ? 'none to register' : `\`${redirectUri(redirect)}\``;
}
