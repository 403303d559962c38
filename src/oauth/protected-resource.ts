import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Http } from '../system/contract.js';
import { type Members, member } from './answer-body.js';
import { bearerChallenge, usableScopes } from './challenge.js';
import { printable } from './clean.js';
import { fetchPublished, get, texts } from './metadata.js';

/** What a protected resource publishes about itself (RFC 9728 §2). */
export interface ProtectedResource {
  /** Its identifier, which tokens for it are requested with (RFC 8707). */
  readonly resource: string;
  /** Issuers, in its order; at least one. */
  readonly authorizationServers: readonly [string, ...string[]];
  /** What it asks for: the scopes of its challenge, else those that it supports; null: it does not say. */
  readonly scopes: readonly string[] | null;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const MOST_SERVERS = 20;

/**
 * Asks a resource which authorization servers issue tokens for it: its metadata is where its 401 says (RFC 9728 §5.1), else at the
 * well-known place for its whole URL (§3.1), else at that of its host.
 *
 * @returns null when it publishes nothing
 * @throws VaultError `network_failed`, `provider_unavailable`; `provider_answer_invalid` when the metadata is not about this
 *   resource (§3.3), or names no authorization server that may be used
 */
export async function findProtectedResource(
  http: Http,
  url: URL,
  signal?: AbortSignal,
): Promise<ProtectedResource | null> {
  // Only its header counts: the page may have any size, or be a stream of events that never ends.
  const { headers } = await get(http, url.href, signal, { acceptPart: true });
  const challenge = bearerChallenge(headers['www-authenticate']);
  const named = challenge?.resourceMetadata ?? null;
  const places =
    named === null
      ? wellKnownPlaces(url)
      : [{ address: metadataAddress(named, url), about: identifiers(url.href) }];
  for (const { address, about } of places) {
    const { members } = await fetchPublished(http, address, signal);
    if (members === null) continue;
    const found = readResource(members, url, about);
    return { ...found, scopes: challenge?.scopes ?? found.scopes };
  }
  if (named === null) return null;
  throw invalid(url, 'names metadata in its challenge that it does not publish');
}

/** Where metadata is, and which identifiers it may have. */
interface Place {
  readonly address: string;
  readonly about: readonly string[];
}

function wellKnownPlaces({ origin, pathname, search, href }: URL): readonly Place[] {
  const host = { address: `${origin}${WELL_KNOWN}`, about: identifiers(`${origin}/`) };
  if (pathname === '/' && search === '') return [host];
  const path = pathname === '/' ? '' : pathname;
  return [{ address: `${origin}${WELL_KNOWN}${path}${search}`, about: identifiers(href) }, host];
}

/** A URL without a path is written with and without its slash. */
function identifiers(href: string): readonly string[] {
  const { origin } = new URL(href);
  return href === `${origin}/` ? [href, origin] : [href];
}

/** On the server of the resource itself, so that no resource makes this program ask another machine. */
function metadataAddress(address: string, url: URL): string {
  const parsed = parseEndpoint(address);
  if (parsed?.origin !== url.origin)
    throw invalid(url, 'names metadata in its challenge that is not on its own server');
  return parsed.href;
}

function readResource(members: Members, url: URL, about: readonly string[]): ProtectedResource {
  const resource = member(members, 'resource');
  if (typeof resource !== 'string' || !about.includes(resource)) throw otherResource(url, resource);
  const issuers = (texts(member(members, 'authorization_servers')) ?? []).slice(0, MOST_SERVERS);
  const [first, ...others] = issuers.filter((issuer) => mayIssueFor(url, issuer));
  if (first === undefined) {
    throw invalid(
      url,
      issuers.length === 0
        ? 'names no authorization server in its metadata'
        : 'names no authorization server with an https address in its metadata',
    );
  }
  const scopes = usableScopes(texts(member(members, 'scopes_supported')));
  return { resource, authorizationServers: [first, ...others], scopes };
}

/** A resource elsewhere must not send the browser and its code to a port of this machine. */
function mayIssueFor(resource: URL, issuer: string): boolean {
  const url = parseEndpoint(issuer);
  return url !== null && url.search === '' && (url.protocol === 'https:' || resource.protocol === 'http:');
}

function otherResource(url: URL, named: unknown): VaultError {
  const other = typeof named === 'string' ? parseEndpoint(named) : null;
  const same = other !== null && other.origin === url.origin;
  return invalid(
    url,
    `publishes metadata about another resource: ${printable(named) ?? 'it names none'}`,
    same
      ? `if that is the resource you mean: ${command(`login ${quoted(other.href)}`)}`
      : 'check the URL; tokens for another resource could be used there in your name',
  );
}

function invalid(
  { host }: URL,
  what: string,
  hint = 'check the URL, and ask who runs the server',
): VaultError {
  return new VaultError('provider_answer_invalid', `${host} ${what}`, { hint });
}
