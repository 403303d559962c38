import type { MailConnection } from '../system/mail-connection.js';
import type { MailAnswer, MailProtocol } from './contract.js';
import { fits, logInWith, type Step } from './log-in.js';

/** The name of a client without one (RFC 5321 §4.1.3). */
const EHLO = 'EHLO [127.0.0.1]';

/** Submission of mail (RFC 6409) with authentication (RFC 4954). */
export const smtp: MailProtocol = {
  title: 'SMTP',

  async greet(connection, startTls) {
    const first = await reply(connection);
    if (first === null) return { kind: 'foreign' };
    if (first.kind !== 'ok') return { kind: 'temporary', text: first.text };
    let offered = await extensions(connection);
    if (offered !== null && startTls) {
      if (!offered.some((line) => /^STARTTLS\b/i.test(line))) return { kind: 'no_starttls' };
      connection.send('STARTTLS');
      const answer = await answered(connection);
      if (answer.kind !== 'ok') return answer;
      await connection.secure();
      offered = await extensions(connection);
    }
    if (offered === null) return { kind: 'foreign' };
    const lists = offered.flatMap((line) => /^AUTH[ =](.*)$/i.exec(line)?.[1] ?? []);
    const mechanisms = lists.flatMap((list) => list.toUpperCase().split(/\s+/));
    return { kind: 'ready', mechanisms, oneStep: true };
  },

  logIn(connection, mechanism, response) {
    const command = `AUTH ${mechanism}`;
    const isShort = fits('smtp', command, response);
    return logInWith(connection, command, mechanism, response, isShort, () => step(connection));
  },

  async use(connection, mailbox) {
    // What is no plain address is not written between the brackets of a command.
    const isPlain = /^[!-~]+@[!-~]+$/.test(mailbox) && !/[<>]/.test(mailbox);
    connection.send(isPlain ? `MAIL FROM:<${mailbox}>` : 'NOOP');
    const answer = await answered(connection);
    if (isPlain && answer.kind === 'ok') {
      connection.send('RSET');
      await answered(connection);
    }
    return answer;
  },

  leave: (connection) => connection.send('QUIT'),
};

/** @returns the lines after the first; null when the server does not answer as an SMTP server would */
async function extensions(connection: MailConnection): Promise<readonly string[] | null> {
  connection.send(EHLO);
  const answer = await reply(connection);
  return answer?.kind === 'ok' ? answer.text.split('\n').slice(1) : null;
}

async function answered(connection: MailConnection): Promise<MailAnswer> {
  const found = await step(connection);
  return found.kind === 'more' ? { kind: 'refused', text: found.text } : found;
}

async function step(connection: MailConnection): Promise<Step> {
  return (await reply(connection)) ?? { kind: 'temporary', text: 'an answer without a code' };
}

/** A reply of one or more lines (RFC 5321 §4.2), without the codes but that of a failure; null when it is none. */
async function reply(connection: MailConnection): Promise<Step | null> {
  const lines: string[] = [];
  for (;;) {
    const line = await connection.line();
    const [, code = '', mark, text = ''] = /^([2-5]\d\d)(?:([ -])(.*))?$/.exec(line) ?? [];
    if (code === '') return null;
    lines.push(text);
    if (mark === '-') continue;
    const all = lines.join('\n');
    if (code.startsWith('2')) return { kind: 'ok', text: all };
    if (code.startsWith('3')) return { kind: 'more', text: all };
    return { kind: code.startsWith('4') ? 'temporary' : 'refused', text: `${code} ${all}` };
  }
}
