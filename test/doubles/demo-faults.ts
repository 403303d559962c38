import type { DemoFault } from '../../src/demo/contract.js';

/* Faults of the demo server, for its `next()`. */

/** The request has no effect. */
function verbatim(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): DemoFault {
  return { when: 'before', send: { status, headers, body } };
}

/** The token is rotated and the answer lost. */
export const lostAnswer: DemoFault = { when: 'after', send: 'nothing' };

/** The token is rotated and the answer cut in the middle. */
export const halfAnswer: DemoFault = { when: 'after', send: 'half' };

/** The connection closes before the request takes effect. */
export const refusedConnection: DemoFault = { when: 'before', send: 'nothing' };

export function slow(when: DemoFault['when'], delay: number): DemoFault {
  return { when, delay, send: 'own' };
}

export function serverError(status = 503): DemoFault {
  return verbatim(status, '{"error":"server_error"}');
}

/** @param retryAfter seconds or an HTTP date, as the header has it; null sends none */
export function rateLimited(retryAfter: string | null): DemoFault {
  const headers = { 'content-type': 'application/json' };
  return verbatim(
    429,
    '{"error":"rate_limited"}',
    retryAfter === null ? headers : { ...headers, 'retry-after': retryAfter },
  );
}

/** The page of a captive portal or a gateway. */
export function htmlPage(status = 200): DemoFault {
  return verbatim(status, '<!doctype html><title>Hotel Wi-Fi</title><p>Please accept the terms.', {
    'content-type': 'text/html',
  });
}

/** Not an answer of any kind, with status 200. */
export const garbage: DemoFault = verbatim(200, '\u0000\ufffd{"access_token":', {
  'content-type': 'application/octet-stream',
});

/** An OAuth error of the token endpoint. */
export function oauthRefusal(error: string, status = 400): DemoFault {
  return verbatim(
    status,
    JSON.stringify({ error, error_description: `the demo server was told to answer ${error}` }),
  );
}
