import type { Context } from '../../context.js';
import { SECOND } from '../../domain/duration.js';
import { formatDuration } from '../../domain/duration-text.js';
import type { MailProtocolName } from '../../domain/mailbox.js';
import type { Secret } from '../../domain/secret.js';
import { describeTransport, TransportFailure } from '../../domain/transport.js';
import {
  type Greeting,
  type LoginAnswer,
  type MailAnswer,
  type MailProtocol,
  MECHANISMS,
  type Mechanism,
} from '../../mail/contract.js';
import { imap } from '../../mail/imap.js';
import { pop } from '../../mail/pop.js';
import { smtp } from '../../mail/smtp.js';
import { oauthbearer, xoauth2 } from '../../oauth/sasl.js';
import type { MailServer } from '../../system/mail-connection.js';

export const PROTOCOLS: Readonly<Record<MailProtocolName, MailProtocol>> = { imap, smtp, pop };

const RESPONSES: Readonly<Record<Mechanism, (user: string, token: Secret) => Secret>> = {
  OAUTHBEARER: oauthbearer,
  XOAUTH2: xoauth2,
};

/** What became of a login with one token. Texts of the server hold no secret, and no more than one line. */
export type Attempt =
  | { readonly kind: 'good'; readonly mechanism: Mechanism; readonly tlsVersion: string | null }
  /** Every mechanism refused the token. */
  | { readonly kind: 'refused'; readonly text: string; readonly scopes: readonly string[] }
  /** The token was accepted, and then the mailbox was not. */
  | { readonly kind: 'late'; readonly text: string }
  | { readonly kind: 'no_mechanism'; readonly offered: readonly string[] }
  | { readonly kind: 'no_starttls' | 'foreign' }
  | { readonly kind: 'temporary'; readonly text: string }
  | { readonly kind: 'unreachable'; readonly failure: TransportFailure };

export interface Login {
  readonly protocol: MailProtocolName;
  readonly server: MailServer;
  readonly user: string;
  readonly token: Secret;
}

export type AttemptContext = Pick<Context, 'clock' | 'interruption' | 'connectMail'>;

/** Milliseconds before the second try and the third. */
const PAUSES: readonly number[] = [SECOND, 3 * SECOND];

/**
 * Logs in as a mail client would, and tries again where the server or the network is in trouble.
 *
 * @param onPause says what goes on
 * @throws VaultError only when interrupted
 */
export async function attempt(
  ctx: AttemptContext,
  login: Login,
  onPause: (line: string) => void,
): Promise<Attempt> {
  for (let tries = 1; ; tries += 1) {
    const found = await once(ctx, login);
    const pause = PAUSES[tries - 1];
    if (!mayPass(found) || pause === undefined) return found;
    const why = found.kind === 'temporary' ? 'is not available' : describeTransport(found.failure);
    const what = found.kind === 'temporary' ? `${login.server.host} ${why}` : why;
    onPause(`${what}; trying again in ${formatDuration(pause)} (${tries + 1} of ${PAUSES.length + 1})`);
    await ctx.clock.sleep(pause, ctx.interruption);
  }
}

function mayPass(found: Attempt): found is Extract<Attempt, { kind: 'temporary' | 'unreachable' }> {
  if (found.kind === 'unreachable') return !['tls', 'malformed', 'too_large'].includes(found.failure.reason);
  return found.kind === 'temporary';
}

async function once(ctx: AttemptContext, login: Login): Promise<Attempt> {
  try {
    return await withEachMechanism(ctx, login);
  } catch (failure) {
    if (failure instanceof TransportFailure) return { kind: 'unreachable', failure };
    throw failure;
  }
}

/** A server may refuse in one mechanism what it accepts in the other; clients that know both try both. */
async function withEachMechanism(ctx: AttemptContext, login: Login): Promise<Attempt> {
  const refusals: LoginAnswer[] = [];
  for (const number of MECHANISMS.keys()) {
    const found = await conversation(ctx, login, number);
    if (found === 'no_more') break;
    if (!('scopes' in found)) return found;
    refusals.push(found);
  }
  const text = refusals.at(-1)?.text ?? '';
  return { kind: 'refused', text, scopes: refusals.flatMap(({ scopes }) => scopes) };
}

/** @param number which of the mechanisms that the server offers */
async function conversation(
  ctx: AttemptContext,
  { protocol: name, server, user, token }: Login,
  number: number,
): Promise<Exclude<Attempt, { kind: 'refused' }> | LoginAnswer | 'no_more'> {
  const protocol = PROTOCOLS[name];
  const connection = await ctx.connectMail(server);
  try {
    const greeting: Greeting = await protocol.greet(connection, server.startTls);
    if (greeting.kind === 'no_starttls' || greeting.kind === 'foreign') return { kind: greeting.kind };
    if (greeting.kind !== 'ready') return { kind: 'temporary', text: readable(greeting, [token]) };
    const known = MECHANISMS.filter((each) => greeting.mechanisms.includes(each));
    const mechanism = known[number];
    if (known.length === 0) return { kind: 'no_mechanism', offered: greeting.mechanisms };
    if (mechanism === undefined) return 'no_more';
    const response = RESPONSES[mechanism](user, token);
    const secrets = [token, response];
    const answer = await protocol.logIn(connection, mechanism, response, greeting.oneStep);
    const text = readable(answer, secrets);
    if (answer.kind === 'refused') return { ...answer, text };
    if (answer.kind === 'temporary') return { kind: 'temporary', text };
    const used = await protocol.use(connection, user);
    if (used.kind === 'refused') return { kind: 'late', text: readable(used, secrets) };
    if (used.kind === 'temporary') return { kind: 'temporary', text: readable(used, secrets) };
    protocol.leave(connection);
    return { kind: 'good', mechanism, tlsVersion: connection.tlsVersion() };
  } finally {
    connection.close();
  }
}

const MAX_TEXT = 200;
/** Characters; a shorter part of a token is useless to an attacker. */
const SHARED = 12;

/** A server may repeat what was sent to it, whole or in part. */
function readable({ text }: MailAnswer, secrets: readonly Secret[]): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const clean = line.replace(/[\w+/=.~-]{12,}/g, (word) => (isPart(word, secrets) ? '[redacted]' : word));
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}…` : clean;
}

function isPart(word: string, secrets: readonly Secret[]): boolean {
  const parts = Array.from({ length: word.length - SHARED + 1 }, (_, at) => word.slice(at, at + SHARED));
  return secrets.some((secret) => parts.some((part) => secret.reveal().includes(part)));
}
