import type { MailConnection } from '../system/mail-connection.js';
import type { MailAnswer, MailProtocol } from './contract.js';
import { fits, logInWith, type Step } from './log-in.js';

/** Response codes of a server that cannot just now (RFC 5530 §3). */
const TEMPORARY = /^\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]/i;

/** IMAP4rev1 (RFC 3501), with the response in the first line where the server takes it there (RFC 4959). */
export const imap: MailProtocol = {
  title: 'IMAP',

  async greet(connection, startTls) {
    const first = await connection.line();
    if (/^\* BYE\b/i.test(first)) return { kind: 'temporary', text: first };
    if (!/^\* OK\b/i.test(first)) return { kind: 'foreign' };
    let offered = await capabilities(connection, 'a1');
    if (offered === null) return { kind: 'foreign' };
    if (startTls) {
      if (!offered.includes('STARTTLS')) return { kind: 'no_starttls' };
      connection.send('a2 STARTTLS');
      const answer = await tagged(connection, 'a2');
      if (answer.kind !== 'ok') return answer;
      await connection.secure();
      // What arrived before TLS may come from another machine on the network path.
      offered = await capabilities(connection, 'a3');
      if (offered === null) return { kind: 'foreign' };
    }
    const mechanisms = offered.flatMap((word) => (word.startsWith('AUTH=') ? [word.slice(5)] : []));
    return { kind: 'ready', mechanisms, oneStep: offered.includes('SASL-IR') };
  },

  logIn(connection, mechanism, response, oneStep) {
    const command = `a4 AUTHENTICATE ${mechanism}`;
    const isShort = oneStep && fits('imap', command, response);
    return logInWith(connection, command, mechanism, response, isShort, () => step(connection, 'a4'));
  },

  async use(connection) {
    // Unlike SELECT it leaves the marks of new messages as they are.
    connection.send('a5 EXAMINE INBOX');
    return tagged(connection, 'a5');
  },

  leave: (connection) => connection.send('a6 LOGOUT'),
};

/** In upper case; null when the server does not answer as an IMAP server would. */
async function capabilities(connection: MailConnection, tag: string): Promise<readonly string[] | null> {
  connection.send(`${tag} CAPABILITY`);
  let words: readonly string[] | null = null;
  const answer = await tagged(connection, tag, (line) => {
    const [, list] = /^\* CAPABILITY (.*)$/i.exec(line) ?? [];
    if (list !== undefined) words = list.toUpperCase().split(/\s+/);
  });
  return answer.kind === 'ok' ? words : null;
}

async function tagged(
  connection: MailConnection,
  tag: string,
  onLine: (line: string) => void = () => undefined,
): Promise<MailAnswer> {
  const found = await step(connection, tag, onLine);
  return found.kind === 'more' ? { kind: 'refused', text: found.text } : found;
}

async function step(
  connection: MailConnection,
  tag: string,
  onLine: (line: string) => void = () => undefined,
): Promise<Step> {
  for (;;) {
    const line = await connection.line();
    if (line.startsWith('+')) return { kind: 'more', text: line.slice(1).trim() };
    if (/^\* BYE\b/i.test(line)) return { kind: 'temporary', text: line.slice(2) };
    const [, status = '', text = ''] = new RegExp(`^${tag} (OK|NO|BAD)\\b ?(.*)$`, 'i').exec(line) ?? [];
    if (status === '') onLine(line);
    else if (status.toUpperCase() === 'OK') return { kind: 'ok', text };
    else return { kind: TEMPORARY.test(text) ? 'temporary' : 'refused', text };
  }
}
