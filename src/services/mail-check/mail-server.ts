import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName, widenHint } from '../../domain/hints.js';
import type { MailProtocolName } from '../../domain/mailbox.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { MailServer } from '../../system/mail-connection.js';

/** A server as the user names it. */
export interface NamedServer {
  readonly host: string;
  /** Null: the usual one. */
  readonly port: number | null;
}

const PORTS: Record<MailProtocolName, { readonly tls: number; readonly startTls: number }> = {
  imap: { tls: 993, startTls: 143 },
  smtp: { tls: 465, startTls: 587 },
  pop: { tls: 995, startTls: 110 },
};

/** Where TLS begins with a command; 25 as well, for a server that takes mail of its users there. */
const START_TLS_PORTS = [...Object.values(PORTS).map(({ startTls }) => startTls), 25];

/**
 * The server to connect to: as named, else that of the account's provider.
 *
 * @param startTls whether TLS is to begin with a command whatever the port
 * @throws VaultError `usage` when none is known; `scope_missing` when the account lacks what the provider's server needs
 */
export async function mailServer(
  ctx: Pick<Context, 'providerOrNull'>,
  account: ValidToken['account'],
  protocol: MailProtocolName,
  named: NamedServer | null,
  startTls: boolean,
): Promise<MailServer> {
  const usual = PORTS[protocol];
  if (named !== null) {
    const port = named.port ?? (startTls ? usual.startTls : usual.tls);
    return { host: named.host, port, startTls: startTls || START_TLS_PORTS.includes(port) };
  }
  const provider = await ctx.providerOrNull(account.provider);
  const known = provider?.mail?.[protocol];
  if (known === undefined) {
    throw new VaultError(
      'usage',
      `the mail server of ${accountName(account)} is not known: ${provider?.title ?? account.provider} has no built-in mail server`,
      {
        hint: `name it: ${command(`check ${protocol} ${shellName(account)} --server ${protocol}.example.com`)}`,
      },
    );
  }
  if (!known.scopes.some((scope) => account.grantedScopes.includes(scope))) {
    throw missingMailScope(account, known.host, known.scopes.slice(0, 1));
  }
  const port = startTls ? usual.startTls : known.port;
  return { host: known.host, port, startTls: START_TLS_PORTS.includes(port) };
}

/**
 * @param scopes of which the server needs one
 * @param more what else to do
 */
export function missingMailScope(
  account: ValidToken['account'],
  host: string,
  scopes: readonly string[],
  more: string | null = null,
): VaultError {
  return new VaultError(
    'scope_missing',
    `${accountName(account)} was not granted ${scopes.join(' or ')}, which ${host} needs`,
    {
      hint: [widenHint(account, scopes.slice(0, 1)), more ?? []].flat().join('\n'),
      details: { missing_scopes: scopes, granted_scopes: account.grantedScopes },
    },
  );
}
