import type { DemoAnswer } from './contract.js';

const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

export function json(
  status: number,
  members: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): DemoAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...NO_STORE, ...headers },
    body: JSON.stringify(members),
  };
}

/** Form-encoded, as some servers that are older than their standard answer. */
export function form(status: number, members: Readonly<Record<string, unknown>>): DemoAnswer {
  const body = new URLSearchParams(
    Object.entries(members).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return {
    status,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...NO_STORE },
    body: body.toString(),
  };
}

export function redirect(location: string): DemoAnswer {
  return { status: 303, headers: { location, ...NO_STORE }, body: '' };
}

export function text(status: number, body: string): DemoAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...NO_STORE }, body };
}

/** An error of the token endpoint (RFC 6749 §5.2). */
export function oauthError(status: number, error: string, description: string): DemoAnswer {
  return json(status, { error, error_description: description });
}
