import type { MailConnection } from '../system/mail-connection.js';
import type { MailAnswer, MailProtocol } from './contract.js';
import { logInWith, type Step } from './log-in.js';

/** Response codes of a server that cannot just now (RFC 2449 §8, RFC 3206 §4). */
const TEMPORARY = /^\[(?:SYS\/TEMP|IN-USE|LOGIN-DELAY)\]/i;

/** POP3 (RFC 1939) with authentication (RFC 5034), always in two steps: Microsoft takes no other, and all servers take these. */
export const pop: MailProtocol = {
  title: 'POP3',

  async greet(connection, startTls) {
    const first = parsed(await connection.line());
    if (first === null || first.kind === 'more') return { kind: 'foreign' };
    if (first.kind !== 'ok') return { kind: 'temporary', text: first.text };
    let offered = await capabilities(connection);
    if (startTls) {
      if (!offered.some((line) => /^STLS\b/i.test(line))) return { kind: 'no_starttls' };
      connection.send('STLS');
      const answer = await answered(connection);
      if (answer.kind !== 'ok') return answer;
      await connection.secure();
      offered = await capabilities(connection);
    }
    const lists = offered.flatMap((line) => /^SASL (.*)$/i.exec(line)?.[1] ?? []);
    const mechanisms = lists.flatMap((list) => list.toUpperCase().split(/\s+/));
    return { kind: 'ready', mechanisms, oneStep: false };
  },

  logIn(connection, mechanism, response) {
    const command = `AUTH ${mechanism}`;
    return logInWith(connection, command, mechanism, response, false, () => step(connection));
  },

  async use(connection) {
    connection.send('STAT');
    return answered(connection);
  },

  leave: (connection) => connection.send('QUIT'),
};

/** Empty where the server does not know the command. */
async function capabilities(connection: MailConnection): Promise<readonly string[]> {
  connection.send('CAPA');
  if ((await answered(connection)).kind !== 'ok') return [];
  const lines: string[] = [];
  for (;;) {
    const line = await connection.line();
    if (line === '.') return lines;
    lines.push(line);
  }
}

async function answered(connection: MailConnection): Promise<MailAnswer> {
  const found = await step(connection);
  return found.kind === 'more' ? { kind: 'refused', text: found.text } : found;
}

async function step(connection: MailConnection): Promise<Step> {
  return parsed(await connection.line()) ?? { kind: 'temporary', text: 'an answer that is not POP3' };
}

function parsed(line: string): Step | null {
  const [, status, text = ''] = /^(\+OK|-ERR|\+)(?: (.*))?$/i.exec(line) ?? [];
  switch (status?.toUpperCase()) {
    case '+OK':
      return { kind: 'ok', text };
    case '+':
      return { kind: 'more', text };
    case '-ERR':
      return { kind: TEMPORARY.test(text) ? 'temporary' : 'refused', text };
    default:
      return null;
  }
}
