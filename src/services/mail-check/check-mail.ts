import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import type { MailProtocolName } from '../../domain/mailbox.js';
import { MIN_VALID } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { Mechanism } from '../../mail/contract.js';
import type { MailServer } from '../../system/mail-connection.js';
import { renewedToken } from '../token/refused.js';
import { type TokenContext, token } from '../token/token.js';
import type { TokenRequest } from '../token/token-request.js';
import { type AttemptContext, attempt, type Login } from './mail-attempt.js';
import { isSwitchedOff, mailboxRefusal, mailRefusal } from './mail-refusals.js';
import { mailServer, type NamedServer } from './mail-server.js';

export interface MailCheckRequest {
  readonly protocol: MailProtocolName;
  readonly selector: string | null;
  /** Null: the provider's. */
  readonly server: NamedServer | null;
  readonly startTls: boolean;
  /** Null: the account's own mailbox. */
  readonly user: string | null;
}

/** A login that worked. */
export interface MailCheck {
  readonly account: ValidToken['account'];
  readonly server: MailServer;
  readonly user: string;
  readonly mechanism: Mechanism;
  readonly tlsVersion: string | null;
  /** Whether the server refused the stored token, and accepted a new one. */
  readonly refreshed: boolean;
  readonly warning: string | null;
}

export type MailCheckContext = TokenContext & AttemptContext & Pick<Context, 'providerOrNull'>;

/**
 * Logs in at a mail server with the account's token, as a mail client would, and uses the mailbox. A token that is refused is
 * renewed once. Where it is still refused, the account's own mailbox is tried: if that works, the other one was the cause.
 *
 * @param onProgress says what goes on
 * @throws VaultError why it does not work, each cause with its own code: see `mailRefusal`
 */
export async function checkMail(
  ctx: MailCheckContext,
  request: MailCheckRequest,
  onProgress: (line: string) => void,
): Promise<MailCheck> {
  const { protocol, selector } = request;
  const verb = `check ${protocol}` as const;
  const asked: TokenRequest = {
    ...{ selector, verb, minValid: MIN_VALID, scopes: [], refresh: false, withIdentity: true },
  };
  const first = await token(ctx, asked);
  const { account, email } = first;
  const server = await mailServer(ctx, account, protocol, request.server, request.startTls);
  const user = request.user ?? email;
  if (user === null) throw unknownMailbox(account, protocol);
  const loginOf = (valid: ValidToken, name = user): Login => ({
    ...{ protocol, server, user: name, token: valid.accessToken },
  });
  const place = `${server.host}:${server.port}`;
  onProgress(`connecting to ${place}`);
  let valid = first;
  let found = await attempt(ctx, loginOf(valid), onProgress);
  if (found.kind === 'refused' && !isSwitchedOff(found.text)) {
    onProgress(`${place} refuses the stored token; getting a new one`);
    valid = await renewedToken((again) => token(ctx, again), asked, first);
    found = await attempt(ctx, loginOf(valid), onProgress);
  }
  const { warning } = valid;
  const refreshed = valid !== first;
  if (found.kind === 'good') return { account, server, user, ...found, refreshed, warning };
  const isOther = email !== null && email.toLowerCase() !== user.toLowerCase();
  if (isOther && (found.kind === 'late' || found.kind === 'refused')) {
    onProgress(`${place} refuses ${user}; trying ${email}`);
    const own = await attempt(ctx, loginOf(valid, email), onProgress);
    if (own.kind === 'good') throw mailboxRefusal(account, loginOf(valid), email);
  }
  throw mailRefusal(account, loginOf(valid), found);
}

function unknownMailbox(account: ValidToken['account'], protocol: MailProtocolName): VaultError {
  return new VaultError('usage', `the e-mail address of ${accountName(account)} is not known`, {
    hint: `name the mailbox: ${command(`check ${protocol} ${shellName(account)} --user user@example.com`)}`,
  });
}
