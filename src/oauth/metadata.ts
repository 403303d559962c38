import { VaultError } from '../domain/errors.js';
import { describeTransport, TransportFailure, transportHint } from '../domain/transport.js';
import type { Http, HttpAnswer, HttpRequest } from '../system/contract.js';
import { type Members, parseMembers } from './answer-body.js';
import { isSuccess } from './token-error.js';

/* Documents that servers publish about themselves at well-known places. */

const MOST_REDIRECTS = 3;
const MOST_ENTRIES = 1_000;

export interface Published {
  /** Null when there is no such document here. */
  readonly members: Members | null;
  readonly answer: HttpAnswer;
}

/**
 * Fetches such a document. Follows a few redirects within the server (Django adds a slash), since the document has to name what it
 * is about anyway. A redirect to another server is returned.
 *
 * @throws VaultError `network_failed`; `provider_unavailable` when the server fails for now
 */
export async function fetchPublished(
  http: Http,
  url: string,
  signal: AbortSignal | undefined,
): Promise<Published> {
  const answer = await follow(http, url, signal, MOST_REDIRECTS);
  const members = isSuccess(answer.status) ? parseMembers(answer) : null;
  const { status } = answer;
  if (members === null && (status >= 500 || status === 429 || status === 408)) {
    throw new VaultError('provider_unavailable', `${new URL(url).host} answered with status ${status}`, {
      hint: 'try again later',
    });
  }
  return { members, answer };
}

async function follow(
  http: Http,
  url: string,
  signal: AbortSignal | undefined,
  left: number,
): Promise<HttpAnswer> {
  const answer = await get(http, url, signal);
  const target = isRedirect(answer) ? locationOf(answer, url) : null;
  if (target === null || target.origin !== new URL(url).origin || left === 0) return answer;
  return follow(http, target.href, signal, left - 1);
}

/** @throws VaultError `network_failed` */
export async function get(
  http: Http,
  url: string,
  signal: AbortSignal | undefined,
  more: Pick<HttpRequest, 'acceptPart'> = {},
): Promise<HttpAnswer> {
  try {
    const headers = { accept: 'application/json' };
    return await http.send({ method: 'GET', url, headers, signal, ...more });
  } catch (failure) {
    signal?.throwIfAborted();
    if (!(failure instanceof TransportFailure)) throw failure;
    throw new VaultError('network_failed', describeTransport(failure), {
      hint: transportHint(failure, `check the network, and whether this is the right address: ${url}`),
    });
  }
}

export function isRedirect({ status }: HttpAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

export function locationOf({ headers }: HttpAnswer, base: string): URL | null {
  const location = headers['location'];
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base) : null;
}

/** @returns null when it is not a list */
export function texts(value: unknown): string[] | null {
  return Array.isArray(value)
    ? value.slice(0, MOST_ENTRIES).filter((entry) => typeof entry === 'string')
    : null;
}
