import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { CallbackRefusal } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import type { IsOtherUser } from '../../system/contract.js';
import { callbackRequestOf, type Expected, judge, type Start, type Verdict } from './checks.js';
import { Guests } from './guests.js';
import { type LoginOutcome, type PageKind, page, STRICT_HEADERS } from './page.js';

export interface WaitOptions {
  /** The provider's title, which the pages name. */
  readonly title: string;
  /** The answer will be pasted: the page asks the user to copy its URL. */
  readonly toBeCopied: boolean;
  readonly isOtherUser: IsOtherUser;
  /**
   * Called for refused requests: for the first ten of a kind, so that a flood fills nothing, and at the end for the rest.
   * `count`: how many of this kind this login has had.
   */
  readonly onStray: (kind: CallbackRefusal, count: number) => void;
}

/** Browsers send the cookies of all ports of `localhost`, which may be many. */
const MAX_HEADER_BYTES = 16_384;
const REQUEST_TIMEOUT = 5_000;
const CHECK_INTERVAL = 500;
const WRONG_STATES = 10;
const REPORTS_PER_KIND = 10;
/** For a browser to follow the redirect; a script that does not follow it costs this time. */
const PAGE_GRACE = 1_000;
/** For the login to end, so that the page shows how; after that it says that the terminal goes on. */
const OUTCOME_WAIT = 5_000;

type Stray = Exclude<Verdict['kind'], 'page' | 'answer' | 'start'> | 'hung_up';

const STRAYS: Readonly<Record<Stray, { readonly status: number; readonly report: CallbackRefusal | null }>> =
  {
    wrong_method: { status: 405, report: null },
    wrong_host: { status: 400, report: 'wrong_host' },
    unknown_path: { status: 404, report: null },
    // A browser that prefetches the page fetches it again to display it.
    unseen: { status: 503, report: null },
    wrong_state: { status: 400, report: 'wrong_state' },
    wrong_browser: { status: 403, report: 'wrong_browser' },
    hung_up: { status: 503, report: 'hung_up' },
    no_answer: { status: 400, report: 'malformed' },
  };

/** A user may see the answer to these: after a reload, or with an incomplete link. */
const SEEN: readonly Stray[] = ['wrong_host', 'unknown_path', 'wrong_state', 'no_answer'];

/** The state of one login's wait. */
export class Wait {
  readonly response: Promise<URL>;
  #resolve: (url: URL) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  readonly #options: WaitOptions;
  readonly #counts = new Map<CallbackRefusal, number>();
  readonly #guests: Guests;
  readonly #answering = new Set<Promise<void>>();
  readonly #pageServed: Promise<void>;
  #servedPage: () => void = () => undefined;
  #expected: Expected | null = null;
  #outcome: PageKind | null = null;
  readonly #concluded: Promise<LoginOutcome>;
  #conclude: (outcome: LoginOutcome) => void = () => undefined;
  /** Where the first visitor of the start page is sent; null where there is none. */
  #target: string | null = null;
  #started = false;

  constructor(options: WaitOptions) {
    this.#options = options;
    this.#guests = new Guests(options.isOtherUser, () => this.#report('other_user'));
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A pasted answer can win, and then this rejection is not handled; it would end the process.
    this.response.catch(() => undefined);
    this.#pageServed = new Promise((resolve) => {
      this.#servedPage = resolve;
    });
    this.#concluded = new Promise((resolve) => {
      this.#conclude = resolve;
    });
  }

  /** All its servers share the state of this login. */
  createServer(): Server {
    const limits = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      connectionsCheckingInterval: CHECK_INTERVAL,
    };
    const server = createServer(limits, (request, response) => {
      const answering = this.#answer(request, response).finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    });
    // A second request could only have been sent in advance, behind the first.
    server.maxRequestsPerSocket = 1;
    server.on('connection', (socket: Socket) => this.#guests.admit(socket));
    return server;
  }

  expect(expected: Expected): void {
    this.#expected = expected;
  }

  /** From now on the callback counts only from the visitor of the start page, which redirects to `target`. */
  begin(target: string): string {
    if (this.#expected === null) throw new TypeError('nothing is expected yet');
    const random = () => randomBytes(32).toString('base64url');
    const start = { path: `/${random()}`, cookie: { name: `vault-login-${random()}`, value: random() } };
    this.#expected = { ...this.#expected, start };
    this.#target = target;
    return start.path;
  }

  /** The start page is not needed. @returns false when it was visited */
  withdraw(): boolean {
    if (this.#expected === null || this.#started) return false;
    this.#expected = { ...this.#expected, start: null };
    return true;
  }

  end(reason: unknown): void {
    this.#reject(reason);
  }

  /** How the login ended, for the page; the first call counts. */
  conclude(outcome: LoginOutcome): void {
    this.#conclude(outcome);
  }

  /** Reports the totals of what exceeded the limit. */
  sumUp(): void {
    for (const [kind, count] of this.#counts)
      if (count > REPORTS_PER_KIND) this.#options.onStray(kind, count);
    this.#counts.clear();
  }

  /** Resolves when the page has been served, or is not expected any more. */
  async pageOrGrace(): Promise<void> {
    if (this.#outcome === null) return;
    const over = new AbortController();
    const grace = setTimeout(PAGE_GRACE, undefined, { signal: over.signal });
    grace.catch(() => undefined);
    await Promise.race([this.#pageServed, grace]);
    over.abort();
    // Requests that have arrived are answered.
    await Promise.all(this.#answering);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const other = await this.#guests.isOther(request.socket);
    if (other === true) return this.#send(response, 403, 'other_user');
    const expected = this.#expected;
    if (expected === null) return send(response, 503);
    const verdict = judge(callbackRequestOf(request), expected);
    if (verdict.kind === 'answer') this.#callback(response, verdict.url, verdict.refused, expected);
    else if (verdict.kind === 'page') await this.#page(response);
    // A closed connection gets no cookie, so this is no visit: else another user could end a login without being
    // recognised.
    else if (verdict.kind === 'start' && other === 'gone') this.#stray(response, 'hung_up');
    else if (verdict.kind === 'start') this.#start(response, verdict.known, expected);
    else this.#stray(response, verdict.kind);
  }

  #start(response: ServerResponse, known: boolean, { start }: Expected): void {
    if (this.#outcome !== null) {
      this.#send(response, 410, 'already_done');
      return;
    }
    if (this.#started && !known) {
      this.#report('second_visit');
      this.#outcome = 'opened_twice';
      response.once('close', this.#servedPage);
      this.#send(response, 403, 'opened_twice');
      this.#reject(openedTwice());
      return;
    }
    // A browser with the cookie shows the page again, after a reload or going back.
    const cookie = this.#started || start === null ? {} : { 'set-cookie': setCookie(start, '') };
    this.#started = true;
    send(response, 303, { location: this.#target ?? '/', ...cookie });
  }

  #callback(response: ServerResponse, url: URL, refused: boolean, { pagePath, start }: Expected): void {
    if (this.#outcome !== null || this.#options.toBeCopied) {
      if (this.#outcome === null) this.#send(response, 200, 'copy');
      else this.#send(response, 410, 'already_done');
      return;
    }
    this.#outcome = refused ? 'refused' : 'received';
    // Fixed, so that a request cannot choose the target.
    const over = start === null ? {} : { 'set-cookie': setCookie(start, '; Max-Age=0') };
    send(response, 302, { location: pagePath, ...over });
    this.#resolve(url);
  }

  async #page(response: ServerResponse): Promise<void> {
    if (this.#outcome === null) {
      this.#stray(response, 'unknown_path');
      return;
    }
    response.once('close', this.#servedPage);
    const kind = this.#outcome === 'received' ? await this.#concludedOrLater() : this.#outcome;
    this.#send(response, 200, kind);
  }

  async #concludedOrLater(): Promise<PageKind> {
    const over = new AbortController();
    const later = setTimeout(OUTCOME_WAIT, 'received' as const, { signal: over.signal });
    later.catch(() => undefined);
    const kind = await Promise.race([this.#concluded, later]);
    over.abort();
    return kind;
  }

  #send(response: ServerResponse, status: number, kind: PageKind): void {
    const headers = { 'content-type': 'text/html; charset=utf-8' };
    send(response, status, headers, page(kind, this.#options.title));
  }

  #stray(response: ServerResponse, kind: Stray): void {
    const { status, report } = STRAYS[kind];
    const count = report === null ? 0 : this.#report(report);
    const tooMany = kind === 'wrong_state' && count > WRONG_STATES;
    if (tooMany && count === WRONG_STATES + 1) this.#options.onStray('too_many_wrong_states', count);
    if (tooMany) send(response, 429);
    else if (kind === 'wrong_browser') this.#send(response, status, kind);
    else if (SEEN.includes(kind)) this.#send(response, status, 'not_part');
    else send(response, status, kind === 'wrong_method' ? { allow: 'GET' } : {});
  }

  #report(kind: CallbackRefusal): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= REPORTS_PER_KIND) this.#options.onStray(kind, count);
    return count;
  }
}

/** RFC 6265bis. Cookies ignore ports, so the name is unique: two concurrent logins need two. */
function setCookie({ cookie }: Start, age: string): string {
  return `${cookie.name}=${cookie.value}; Path=/; HttpOnly; SameSite=Lax${age}`;
}

function openedTwice(): VaultError {
  return new VaultError(
    'login_opened_twice',
    'the start page of this login was opened twice, so the login was stopped: another user of this machine may have opened it',
  );
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
