import { equalBytes } from '../../crypto/derive.js';
import { interrupted } from '../../domain/async.js';
import { formatDuration } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { readable } from '../../domain/scopes.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { LoginRequest, LoginTalk } from '../contract.js';
import { retryLogin } from './login-contract.js';

export interface AnswerWait {
  /** Resolves with the address the browser was sent to; null where nothing listens. */
  readonly listener: Promise<URL> | null;
  /** The answer comes by no other way than pasting; the listener can only end the wait. */
  readonly toBePasted: boolean;
  readonly talk: LoginTalk;
  readonly redirectUri: string;
  /** The same as the provider has to know it. */
  readonly registered: string;
  readonly state: string;
  readonly provider: ConfiguredProvider;
  readonly server: Pick<ServerMetadata, 'authorizationEndpoint'>;
  readonly scopes: readonly string[];
  readonly request: LoginRequest;
  /** Milliseconds. */
  readonly timeout: number;
  readonly interruption: AbortSignal;
}

export interface Answer {
  readonly url: URL;
  readonly how: 'browser' | 'paste';
}

/** A longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Waits for the answer to the login from whichever comes first: the listener or a pasted address.
 *
 * @throws VaultError `login_timed_out`, `login_refused` when there is nothing left to wait for; the interruption's reason
 */
export async function waitForAnswer(wait: AnswerWait): Promise<Answer> {
  const over = new AbortController();
  const ways: Promise<Answer>[] = [interrupted(wait.interruption, over.signal), timedOut(wait, over.signal)];
  if (wait.listener !== null) ways.push(wait.listener.then((url) => ({ url, how: 'browser' })));
  if (wait.talk.pasted !== null) ways.push(pasted(wait, wait.talk.pasted(over.signal), over.signal));
  try {
    return await Promise.race(ways);
  } finally {
    over.abort();
  }
}

async function pasted(wait: AnswerWait, lines: AsyncIterable<string>, over: AbortSignal): Promise<Answer> {
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const reading = readPasted(line.trim(), wait.redirectUri, wait.state);
    if (reading instanceof URL) return { url: reading, how: 'paste' };
    wait.talk.on({ kind: 'wrong_paste', reason: reading });
  }
  if (over.aborted || !wait.toBePasted) return new Promise<never>(() => {});
  throw new VaultError('login_refused', 'the input ended before the redirect URL was pasted', {
    hint: retryLogin(wait.request, '--paste'),
  });
}

/** @returns what is wrong with the line, in words, when it is not the answer to this login */
export function readPasted(line: string, redirectUri: string, state: string): URL | string {
  if (!URL.canParse(line))
    return 'that is not a whole address; copy everything from the address bar, from http on';
  const url = new URL(line);
  const expected = new URL(redirectUri);
  if (url.origin !== expected.origin || url.pathname !== expected.pathname) {
    return `that address does not begin with ${redirectUri}`;
  }
  const [given, ...others] = url.searchParams.getAll('state');
  if (given === undefined || others.length > 0 || !equalBytes(Buffer.from(given), Buffer.from(state))) {
    return 'that address belongs to another login; use the page that was opened for this one';
  }
  if (!url.searchParams.has('code') && !url.searchParams.has('error')) {
    return 'that address holds no code, so it was perhaps cut off; copy all of it';
  }
  return url;
}

function timedOut(wait: AnswerWait, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(tooLate(wait)), Math.min(wait.timeout, LONGEST_TIMER));
    over.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** What the provider showed is unknown: a page of its own that ends a login is never told to this program. */
function tooLate({ provider, server, scopes, request, registered, timeout }: AnswerWait): VaultError {
  const { title, name, deadEnds, clientId } = provider;
  const pages = deadEnds.map(({ shows, means }) => `if ${title} showed ${shows}: ${means}`);
  const port =
    new URL(registered).port === '' ? '; where it must have a port, choose one and add --port' : '';
  const asked = scopes.length === 0 ? '' : `, or one of the scopes ${readable(scopes.join(' '))}`;
  const unknown = `if ${title} showed an error page, it may not know the redirect URI (register exactly ${registered}${port}), the client id ${clientId}${asked}: vault providers ${name}`;
  const silent = `if no page came at all, see whether ${new URL(server.authorizationEndpoint).host} answers`;
  return new VaultError('login_timed_out', `nobody finished the login within ${formatDuration(timeout)}`, {
    hint: [...(pages.length > 0 ? pages : [unknown]), silent, `then: ${retryLogin(request)}`].join('\n'),
    details: { redirect_uri: registered },
  });
}
