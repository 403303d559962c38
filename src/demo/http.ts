import { jsonObject } from '../domain/json.js';
import type { DemoAnswer } from './contract.js';
import type { Incoming, World } from './world.js';

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

/** Form-encoded, as in answers of servers older than the standard. */
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

/**
 * Reads the body; null when it has none of the accepted encodings.
 *
 * @param encodings only form in RFC 6749 and RFC 7009, only JSON at some servers
 */
export function readParameters(
  incoming: Incoming,
  encodings: readonly ('form' | 'json')[],
): Map<string, string> | null {
  const type = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return encodings.includes('json') ? readJson(incoming.body) : null;
  if (type !== 'application/x-www-form-urlencoded' || !encodings.includes('form')) return null;
  const pairs = [...new URLSearchParams(incoming.body)];
  const parameters = new Map(pairs);
  // RFC 6749 §3.2: parameters must not come twice.
  return parameters.size === pairs.length ? parameters : null;
}

function readJson(body: string): Map<string, string> | null {
  const parsed = jsonObject(body);
  if (parsed === null || Array.isArray(parsed)) return null;
  const entries = Object.entries(parsed);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? new Map(entries)
    : null;
}

/**
 * Checks that the client authenticates exactly as registered (RFC 6749 §2.3).
 *
 * @returns null when it does, else the refusal
 */
export function refuseClient(
  world: World,
  incoming: Incoming,
  parameters: ReadonlyMap<string, string>,
): DemoAnswer | null {
  const { id, secret } = world.client;
  const header = incoming.headers['authorization'];
  const inBody = parameters.get('client_secret');
  if (world.clientAuth === 'none') {
    const right = parameters.get('client_id') === id && inBody === undefined && header === undefined;
    return right ? null : oauthError(401, 'invalid_client', 'a public client sends client_id and no secret');
  }
  if (world.clientAuth === 'post') {
    const right = parameters.get('client_id') === id && inBody === secret && header === undefined;
    return right ? null : oauthError(401, 'invalid_client', 'client_id and client_secret belong in the body');
  }
  const encode = world.clientAuth === 'basic' ? formEncode : (part: string) => part;
  const expected = `Basic ${Buffer.from(`${encode(id)}:${encode(secret ?? '')}`).toString('base64')}`;
  if (header === expected && inBody === undefined) return null;
  return json(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="demo"' });
}

/** RFC 6749 appendix B. */
function formEncode(part: string): string {
  return new URLSearchParams([['', part]]).toString().slice(1);
}
