import { jsonObject } from '../domain/json.js';
import type { Secret } from '../domain/secret.js';
import type { MailConnection } from '../system/mail-connection.js';
import type { LoginAnswer, MailAnswer, Mechanism } from './contract.js';

/** An answer, or a challenge: base64, or nothing where the server waits for the response. */
export type Step = MailAnswer | { readonly kind: 'more'; readonly text: string };

/**
 * What a client sends so that a server which has explained a refusal in a challenge ends the exchange: nothing in
 * Google's and Microsoft's mechanism, one ^A in RFC 7628 §3.2.3.
 */
const ACKNOWLEDGEMENT: Record<Mechanism, string> = { XOAUTH2: '', OAUTHBEARER: 'AQ==' };

/** One explanation, and one that is not needed. */
const MAX_CHALLENGES = 3;

/**
 * The exchange that all three protocols share (RFC 4422 §3).
 *
 * @param command `a3 AUTHENTICATE XOAUTH2`
 * @param oneStep whether the response goes into the line of the command
 * @param read reads the next answer
 */
export async function logInWith(
  connection: MailConnection,
  command: string,
  mechanism: Mechanism,
  response: Secret,
  oneStep: boolean,
  read: () => Promise<Step>,
): Promise<LoginAnswer> {
  connection.send(oneStep ? `${command} ${response.reveal()}` : command);
  let isSent = oneStep;
  let scopes: readonly string[] = [];
  for (let challenges = 0; ; ) {
    const step = await read();
    if (step.kind !== 'more') return { ...step, scopes };
    if (!isSent) {
      connection.send(response.reveal());
      isSent = true;
      continue;
    }
    challenges += 1;
    if (challenges > MAX_CHALLENGES) return { kind: 'refused', text: 'it asks again and again', scopes };
    const named = scopesOf(step.text);
    if (named.length > 0) scopes = named;
    connection.send(ACKNOWLEDGEMENT[mechanism]);
  }
}

/** The longest line of SMTP (RFC 5321 §4.5.3.1.4), and one that every IMAP server takes (RFC 2683 §3.2.1.5). */
const MAX_LINE = { smtp: 512, imap: 1_000 } as const;

/** Whether a command with its response fits into a line. */
export function fits(protocol: keyof typeof MAX_LINE, command: string, response: Secret): boolean {
  return command.length + 1 + response.length + 2 <= MAX_LINE[protocol];
}

function scopesOf(challenge: string): readonly string[] {
  const { scope } = jsonObject(Buffer.from(challenge, 'base64').toString('utf8')) ?? {};
  return typeof scope === 'string' ? scope.split(/[\s,]+/).filter((word) => word !== '') : [];
}
