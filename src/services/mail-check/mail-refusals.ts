import { accountName } from '../../domain/account.js';
import { type ErrorCode, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { describeTransport, type TransportFailure, transportHint } from '../../domain/transport.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { type Attempt, type Login, PROTOCOLS } from './mail-attempt.js';
import { missingMailScope } from './mail-server.js';

/* What a mail server's refusal means, and what to do. */

type Account = ValidToken['account'];

/** A server names the scopes of which a token needs one. @returns them where the account has none of them, else nothing */
function lackedScopes({ grantedScopes }: Account, needed: readonly string[]): readonly string[] {
  const distinct = [...new Set(needed)];
  return distinct.some((scope) => grantedScopes.includes(scope)) ? [] : distinct;
}

/** Dovecot 2.3 names `mail` with every refusal in XOAUTH2, whatever it is configured to need. */
function otherScope([first, second]: readonly string[]): string | null {
  if (first !== 'mail' || second !== undefined) return null;
  return 'Dovecot names this scope for every failure; if the provider has no such scope, ask which one the server needs';
}

/** Whether the server says that the protocol is switched off, which no token changes. */
export function isSwitchedOff(text: string): boolean {
  return /\b5\.7\.139\b|\b(?:disabled|not enabled)\b/i.test(text);
}

/** What Exchange says after it has accepted the token. */
const LATE = /authenticated but not connected/i;

/** The error for anything but a good end. */
export function mailRefusal(
  account: Account,
  login: Login,
  found: Exclude<Attempt, { kind: 'good' }>,
): VaultError {
  const { server, protocol, user } = login;
  const place = `${server.host}:${server.port}`;
  const { title } = PROTOCOLS[protocol];
  const check = (more: string) => command(`check ${protocol} ${shellName(account)}${more}`);
  const failed = (code: ErrorCode, message: string, hint: string) =>
    new VaultError(code, message, { hint, details: { server: place, user } });
  switch (found.kind) {
    case 'refused': {
      if (isSwitchedOff(found.text))
        return failed(
          'policy_refused',
          `${place} refuses ${title} for ${user}${said(found.text)}`,
          `turn ${title} on in the settings of the mailbox, or ask its administrator; a new login will not help`,
        );
      const lacked = lackedScopes(account, found.scopes);
      if (lacked.length > 0) return missingMailScope(account, server.host, lacked, otherScope(lacked));
      return failed(
        'token_refused',
        `${place} refuses a new token of ${accountName(account)} for ${user}${said(found.text)}`,
        `the token was issued just now, so it is not expired; the server may need another scope, or may not accept this client\nsee what was granted: ${command(`show ${shellName(account)}`)}`,
      );
    }
    case 'late':
      return failed(
        'mailbox_unavailable',
        `${place} accepts the token and then refuses the mailbox ${user}${said(found.text)}`,
        LATE.test(found.text)
          ? `Exchange says so when the mailbox is another user's, ${title} is off for it, or the token lacks a scope\nif none of these is true, Exchange has a fault: try again later`
          : `check that ${user} is the address of the mailbox, and that ${title} is turned on for it`,
      );
    case 'no_mechanism':
      return failed(
        'mechanism_missing',
        `${place} offers neither OAUTHBEARER nor XOAUTH2, so it accepts no access token${offers(found.offered)}`,
        `ask the administrator of the server which server and port accept OAuth, then: ${check(' --server HOST:PORT')}`,
      );
    case 'no_starttls':
      return failed(
        'tls_failed',
        `${place} does not offer TLS, without which no token is sent`,
        `the port for TLS from the start: ${check(` --server ${server.host}`)}`,
      );
    case 'foreign':
      return failed(
        'provider_answer_invalid',
        `${place} does not answer as an ${title} server does`,
        `check the name of the server and its port: ${check(' --server HOST:PORT')}`,
      );
    case 'temporary':
      return failed(
        'provider_unavailable',
        `${server.host} is not available just now${said(found.text)}`,
        'the token was neither accepted nor refused; try again in a few minutes',
      );
    case 'unreachable':
      return unreachable(found.failure, failed, check);
  }
}

/** The mailbox that was named is not one of this user, and their own one works. */
export function mailboxRefusal(account: Account, { server, protocol, user }: Login, own: string): VaultError {
  const name = accountName(account);
  return new VaultError(
    'mailbox_refused',
    `${server.host} accepts the token of ${name} for ${own}, but not for ${user}`,
    {
      hint: `for the account's own mailbox: ${command(`check ${protocol} ${shellName(account)}`)}\nif ${user} is a shared mailbox, its administrator has to give ${own} access to it; else log in as its owner`,
      details: { server: `${server.host}:${server.port}`, user, own_mailbox: own },
    },
  );
}

function unreachable(
  failure: TransportFailure,
  failed: (code: ErrorCode, message: string, hint: string) => VaultError,
  check: (more: string) => string,
): VaultError {
  const { reason, certificate, handshake } = failure;
  if (reason === 'malformed')
    return failed(
      'tls_failed',
      `${failure.host} sent data before TLS began, which another machine on the network path may have added`,
      `use the port for TLS from the start: ${check(' --server HOST')}`,
    );
  const words = describeTransport(failure);
  if (reason !== 'tls')
    return failed('network_failed', words, 'check the network and the name of the server, then try again');
  if (handshake === 'too_old')
    return failed('tls_failed', words, 'the administrator of the server has to turn on TLS 1.2 or newer');
  if (handshake === 'not_tls')
    return failed(
      'tls_failed',
      words,
      `if TLS begins with a command on this port: ${check(` --server ${failure.host} --starttls`)}`,
    );
  if (certificate === 'wrong_host')
    return failed('tls_failed', words, 'name the server as its certificate does: --server HOST');
  return failed(
    'tls_failed',
    words,
    transportHint(failure, 'check for a proxy or firewall between this machine and the server'),
  );
}

function said(text: string): string {
  return text === '' ? '' : ` (it said: ${text})`;
}

function offers(mechanisms: readonly string[]): string {
  const shown = mechanisms.slice(0, 8).join(' ').slice(0, 100);
  return shown === '' ? '' : ` (it offers ${shown})`;
}
