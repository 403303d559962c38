import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of one request. `…_unread`: it has no effect; else the refresh token has rotated and only the answer suffers. */
export const FATES = [
  'lost',
  'lost_unread',
  'half',
  'bad_gateway',
  'bad_gateway_unread',
  'page',
  'lost_and_gone',
  'held',
  'elsewhere',
  'client_refused',
  'limited',
  'honest',
] as const;
export type Fate = (typeof FATES)[number];

/** After these it is open whether the token was replaced, for whoever sent it. */
const OPEN: readonly Fate[] = FATES.slice(0, FATES.indexOf('elsewhere'));

export interface Send {
  readonly token: string;
  readonly at: number;
  readonly open: boolean;
  /** A whole grant was answered: lost only if whoever got it was killed before it was stored. */
  readonly granted: boolean;
  /** Nobody looked at the token. */
  readonly turnedAway: boolean;
  /** The server said that it no longer takes this token. */
  readonly dead: boolean;
}

/** An authorization server with one grant, which rotates refresh tokens and ends the grant when an old one comes too late. */
export interface LossyServer {
  readonly url: string;
  /** What becomes of the next requests; later ones are answered honestly. */
  fates: Fate[];
  /** Milliseconds in which a replaced token is still taken. */
  grace: number;
  /** Called when an answer is held back, so that somebody can be killed meanwhile. */
  onHeld: () => void;
  /** Milliseconds after which it is there again when it is gone. */
  absence: number;
  readonly sends: Send[];
  /** A new grant. */
  issue(): { readonly access: string; readonly refresh: string };
  /** Whether the grant lives. */
  readonly alive: boolean;
  close(): Promise<void>;
}

/** Longer than it takes to kill somebody, in milliseconds. */
const HELD = 2_000;

export async function openLossyServer(): Promise<LossyServer> {
  let alive = true;
  let replaced = new Map<string, number>();
  let current = '';
  const token = (kind: string) => `${kind}-${randomBytes(12).toString('base64url')}`;
  const grant = () => {
    current = token('refresh');
    return { access_token: token('access'), refresh_token: current, token_type: 'Bearer', expires_in: 3_600 };
  };

  function respond(sent: string): readonly [number, object] {
    const since = replaced.get(sent);
    const known = alive && (sent === current || since !== undefined);
    if (known && (since === undefined || Date.now() - since < self.grace)) {
      if (since === undefined) replaced.set(sent, Date.now());
      return [200, grant()];
    }
    alive = false;
    return [400, { error: 'invalid_grant' }];
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = new URLSearchParams(Buffer.concat(chunks).toString()).get('refresh_token') ?? '';
    const fate = self.fates.shift() ?? 'honest';
    const open = OPEN.includes(fate);
    const takesEffect = !fate.endsWith('_unread') && (open || fate === 'honest');
    const [status, body] = takesEffect ? respond(sent) : [0, {}];
    self.sends.push({
      token: sent,
      at: Date.now(),
      open,
      granted: fate === 'honest' && status === 200,
      turnedAway: fate === 'limited',
      dead: fate === 'honest' && status === 400,
    });
    const text = JSON.stringify(body);
    const say = (code: number, what: string, headers = {}) =>
      response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(what);
    switch (fate) {
      case 'honest':
        return void say(status, text);
      case 'half':
        response.writeHead(200, { 'content-length': text.length });
        return void response.write(text.slice(0, text.length / 2), () => response.destroy());
      case 'bad_gateway':
      case 'bad_gateway_unread':
        return void say(502, '<html>Bad Gateway');
      case 'page':
        return void say(200, '<!doctype html><title>Hotel Wi-Fi</title>');
      case 'elsewhere':
        return void say(302, '', { location: '/portal' });
      case 'client_refused':
        return void say(401, '{"error":"invalid_client"}');
      case 'limited':
        return void say(429, '{"error":"rate_limited"}');
      case 'held':
        self.onHeld();
        return void setTimeout(() => response.destroy(), HELD);
      case 'lost_and_gone':
        server.close();
        server.closeAllConnections();
        return void setTimeout(() => server.listen(port, '127.0.0.1'), self.absence);
      default:
        return void response.destroy();
    }
  }

  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    // Whoever was killed in the middle of a request has sent none.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const self: LossyServer = {
    url: `http://127.0.0.1:${port}`,
    fates: [],
    grace: 0,
    onHeld: () => undefined,
    absence: 500,
    sends: [],
    issue() {
      alive = true;
      replaced = new Map();
      const { access_token: access, refresh_token: refresh } = grant();
      return { access, refresh };
    },
    get alive() {
      return alive;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return self;
}
