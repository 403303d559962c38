import { json, oauthError } from './answers.js';
import type { DemoAnswer } from './contract.js';
import type { Incoming, World } from './world.js';

/**
 * Reads the body in the encodings that are taken; null when it is anything else.
 *
 * @param encodings RFC 6749 and RFC 7009 know the form only, some servers JSON only
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
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return null;
    const entries = Object.entries(parsed);
    return entries.every(([, value]) => typeof value === 'string') ? new Map(entries) : null;
  } catch {
    return null;
  }
}

/**
 * Checks that the client authenticates itself in exactly the way it is registered for (RFC 6749 §2.3).
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
