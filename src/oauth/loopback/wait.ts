import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Expected, judge, type Verdict, type Visit } from './checks.js';
import { type PageKind, page, STRICT_HEADERS } from './page.js';

/** What is worth a line in an audit trail. A browser's favicon request and a reloaded page are not. */
export type StrayKind = 'wrong_state' | 'too_many_wrong_states' | 'wrong_host' | 'malformed';

/** Browsers send every cookie of `localhost`, whatever its port: a developer has many. */
const MAX_HEADER_BYTES = 16_384;
const MAX_SOCKETS = 32;
const REQUEST_TIMEOUT = 5_000;
const CHECK_INTERVAL = 500;
const WRONG_STATES = 10;
const REPORTS_PER_KIND = 10;
/** How long a browser may take to follow the redirect; a script that does not follow it costs this much. */
const PAGE_GRACE = 300;

type Stray = Exclude<Verdict['kind'], 'page' | 'answer'>;

const STRAYS: Readonly<Record<Stray, { readonly status: number; readonly report: StrayKind | null }>> = {
  wrong_method: { status: 405, report: null },
  wrong_host: { status: 400, report: 'wrong_host' },
  unknown_path: { status: 404, report: null },
  wrong_state: { status: 400, report: 'wrong_state' },
  no_answer: { status: 400, report: 'malformed' },
};

/** One login's wait: what has been seen so far, and what to answer next. */
export class Wait {
  readonly response: Promise<URL>;
  #resolve: (url: URL) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  readonly #onStray: (kind: StrayKind) => void;
  readonly #reports = new Map<StrayKind, number>();
  readonly #sockets = new Set<Socket>();
  readonly #pageServed: Promise<void>;
  #servedPage: () => void = () => undefined;
  #expected: Expected | null = null;
  #outcome: PageKind | null = null;
  #wrongStates = 0;

  /** @param onStray told of requests that are not the callback, a few of each kind */
  constructor(onStray: (kind: StrayKind) => void = () => undefined) {
    this.#onStray = onStray;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may be waiting yet, or any more: a pasted answer can win. Unhandled it would end the process.
    this.response.catch(() => undefined);
    this.#pageServed = new Promise((resolve) => {
      this.#servedPage = resolve;
    });
  }

  /** Every server made here answers for this one login. */
  createServer(): Server {
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
    };
    const server = createServer(limits, (request, response) => this.#answer(request, response));
    // A second request on a connection could only be one that was put behind the first in advance.
    server.maxRequestsPerSocket = 1;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    return server;
  }

  start(expected: Expected): void {
    this.#expected = expected;
  }

  end(reason: unknown): void {
    this.#reject(reason);
  }

  /** Resolves when the page has been served, or cannot be expected any more. */
  async pageOrGrace(): Promise<void> {
    if (this.#outcome === null) return;
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PAGE_GRACE);
    });
    await Promise.race([this.#pageServed, grace]);
    clearTimeout(timer);
  }

  /** Newcomers come in: whoever holds connections open and says nothing makes room first. */
  #admit(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const [oldest] = this.#sockets;
    if (this.#sockets.size > MAX_SOCKETS) oldest?.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const expected = this.#expected;
    if (expected === null) {
      send(response, 503);
      return;
    }
    const verdict = judge(visitOf(request), expected);
    if (verdict.kind === 'answer') this.#callback(response, verdict.url, verdict.refused, expected.pagePath);
    else if (verdict.kind === 'page') this.#page(response);
    else this.#stray(response, verdict.kind);
  }

  #callback(response: ServerResponse, url: URL, refused: boolean, pagePath: string): void {
    if (this.#outcome !== null) {
      sendPage(response, 410, 'already_done');
      return;
    }
    this.#outcome = refused ? 'refused' : 'received';
    // Fixed, so that the listener redirects nowhere else, whatever the request says.
    send(response, 302, { location: pagePath });
    this.#resolve(url);
  }

  #page(response: ServerResponse): void {
    if (this.#outcome === null) {
      this.#stray(response, 'unknown_path');
      return;
    }
    response.once('close', this.#servedPage);
    sendPage(response, 200, this.#outcome);
  }

  #stray(response: ServerResponse, kind: Stray): void {
    if (kind === 'wrong_state') this.#wrongStates += 1;
    const tooMany = this.#wrongStates > WRONG_STATES && kind === 'wrong_state';
    const report = tooMany ? 'too_many_wrong_states' : STRAYS[kind].report;
    if (report !== null) this.#report(report);
    send(response, tooMany ? 429 : STRAYS[kind].status, kind === 'wrong_method' ? { allow: 'GET' } : {});
  }

  #report(kind: StrayKind): void {
    const before = this.#reports.get(kind) ?? 0;
    this.#reports.set(kind, before + 1);
    if (before < (kind === 'too_many_wrong_states' ? 1 : REPORTS_PER_KIND)) this.#onStray(kind);
  }
}

function visitOf(request: IncomingMessage): Visit {
  // The parsed headers keep one Host of several; the raw ones alternate names and values.
  const raw = request.rawHeaders;
  const hosts = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'host');
  return { method: request.method, hosts, target: request.url };
}

function sendPage(response: ServerResponse, status: number, kind: PageKind): void {
  send(response, status, { 'content-type': 'text/html; charset=utf-8' }, page(kind));
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body = '',
): void {
  const own = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...STRICT_HEADERS, ...own, ...headers, connection: 'close' });
  response.end(body);
}
