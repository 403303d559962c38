import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from './random.js';

/** A token endpoint that tells whatever it is told, in front of one that works. */
export interface EchoServer {
  readonly url: string;
  /** How the next requests are echoed; null passes them on. */
  manner: Manner | null;
  close(): Promise<void>;
}

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Makes an answer of what was sent, and of what an honest answer to it would have been. */
type Manner = (sent: string, honest: string) => Said;

const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

function refusal(status: number, members: Readonly<Record<string, unknown>>): Said {
  return { status, headers: JSON_TYPE, body: JSON.stringify({ error: 'invalid_request', ...members }) };
}

const values = (sent: string) => [...new URLSearchParams(sent).values()].join(' ');
const reversed = (text: string) => [...text].reverse().join('');

export const MANNERS: Readonly<Record<string, Manner>> = {
  'in its description': (sent) => refusal(400, { error_description: `cannot read ${sent}` }),
  'value by value': (sent) => refusal(400, { error_description: values(sent) }),
  'as the error itself': (sent) => refusal(400, { error: values(sent) }),
  'as the address of a page': (sent) => refusal(400, { error_uri: `https://help.example/?${sent}` }),
  'as an invalid grant': (sent) => refusal(400, { error: 'invalid_grant', error_description: values(sent) }),
  'as a wrong client': (sent) => refusal(401, { error: 'invalid_client', error_description: values(sent) }),
  'with terminal sequences': (sent) =>
    refusal(400, { error_description: `\u001b]0;${values(sent)}\u0007\u001b[31m${sent}\u202e` }),
  'as a page': (sent) => ({
    status: 500,
    headers: { 'content-type': 'text/html' },
    body: `<h1>${sent}</h1>`,
  }),
  'as a page that is well': (sent, honest) => ({
    status: 200,
    headers: {},
    body: `<pre>${sent}${honest}</pre>`,
  }),
  'as JSON cut short': (_, honest) => ({ status: 200, headers: JSON_TYPE, body: honest.slice(0, -9) }),
  'as JSON that begins with it': (sent, honest) => ({
    status: 200,
    headers: JSON_TYPE,
    body: `${values(sent)}${honest}`,
  }),
  'as a place to go to': (sent) => ({
    status: 307,
    headers: { location: `https://elsewhere.example/?${sent}` },
    body: '',
  }),
  'in headers': (sent) => ({
    status: 503,
    headers: {
      'www-authenticate': `Bearer error="${sent}"`,
      'retry-after': sent.slice(0, 40),
      'x-echo': sent,
    },
    body: sent,
  }),
  'as tokens that cannot be printed': (sent, honest) => ({
    status: 200,
    headers: JSON_TYPE,
    body: honest.replace(/"access_token":"/, `$&\\r\\n${sent.slice(-30)}`),
  }),
  'as a kind of token': (sent) => ({
    status: 200,
    headers: JSON_TYPE,
    body: JSON.stringify({ token_type: sent, expires_in: sent, scope: { sent } }),
  }),
  'the wrong way round': (sent) => refusal(400, { error_description: reversed(reversed(sent)) }),
};

export function mannerOf(random: Random): string {
  return random.pick(Object.keys(MANNERS));
}

/** @param target where honest requests go; asked for each */
export async function openEcho(target: () => string): Promise<EchoServer> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    read(request)
      .then(async (sent) => {
        const honest = await fetch(target(), { method: 'POST', body: sent, headers: FORM_TYPE });
        const text = await honest.text();
        const answer = echo.manner?.(sent, text) ?? { status: honest.status, headers: JSON_TYPE, body: text };
        response.writeHead(answer.status, answer.headers).end(answer.body);
      })
      // The one behind it broke off, and so does this.
      .catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const echo: EchoServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    manner: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return echo;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
