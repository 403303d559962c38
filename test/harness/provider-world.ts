import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from '../doubles/certificate.js';
import { idTokenOf } from '../doubles/id-token.js';
import { PROVIDER_ANSWERS, type ProviderAnswers } from '../doubles/provider-answers.js';

/**
 * The servers of all built-in providers at their real addresses: a proxy (HTTPS_PROXY) leads every connection to one server, whose
 * certificate is trusted by NODE_EXTRA_CA_CERTS. It is strict: what it would refuse is a complaint.
 */
export interface ProviderWorld {
  /** For commands that log in here. */
  readonly env: Readonly<Record<string, string>>;
  /** What a provider would have refused, or has refused. */
  readonly complaints: readonly string[];
  /** Lets a user consent. @returns where the browser is sent */
  authorize(url: string): string;
  /** Whether the last token of a provider was revoked. */
  isRevoked(name: string): boolean;
  /** How often a provider was asked for a refresh. */
  refreshes(name: string): number;
  /** From now on refresh tokens have ended, or not. */
  endGrants(ended: boolean): void;
  /** From now on a refresh grants the first scope only. */
  shrinkScopes(): void;
  close(): Promise<void>;
}

interface Grant {
  readonly name: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly scopes: readonly string[];
}

interface Live {
  access: string;
  refresh: string;
  scopes: readonly string[];
  revoked: boolean;
  refreshes: number;
}

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = readonly [status: number, body: object];

export async function openProviderWorld(folder: string): Promise<ProviderWorld> {
  const complaints: string[] = [];
  const grants = new Map<string, Grant>();
  const live = new Map<string, Live>();
  let serial = 0;
  let ended = false;
  let shrunk = false;
  const complain = (text: string) => void complaints.push(text);
  const issue = (name: string, scopes: readonly string[], before?: Live): Live => {
    serial += 1;
    const keeps = before !== undefined && PROVIDER_ANSWERS[name]?.rotates !== true;
    const made: Live = {
      access: `access-of-${name}-${serial}`,
      refresh: keeps ? before.refresh : `refresh-of-${name}-${serial}`,
      ...{ scopes, revoked: false, refreshes: (before?.refreshes ?? -1) + 1 },
    };
    live.set(name, made);
    return made;
  };

  function token(name: string, does: ProviderAnswers, asked: Asked): Answer {
    const members: Record<string, string> =
      does.body === 'json' ? JSON.parse(asked.body) : Object.fromEntries(new URLSearchParams(asked.body));
    const { grant_type: type = '', code = '', refresh_token: sent = '' } = members;
    wantHeaders(does.headers, asked, `${name} ${type}`);
    wantClient(name, does.auth, members, asked);
    if (type === 'authorization_code') {
      const grant = grants.get(code);
      grants.delete(code);
      if (grant === undefined || grant.name !== name) return refuse(`${name}: an unknown code`);
      if (members['redirect_uri'] !== grant.redirectUri) complain(`${name}: another redirect_uri`);
      if (grant.challenge !== null && sha256(members['code_verifier'] ?? '') !== grant.challenge)
        complain(`${name}: the code_verifier does not fit`);
      const made = issue(name, grant.scopes);
      return [200, does.answer({ ...made, idToken: idTokens(name, grant.nonce) })];
    }
    const before = live.get(name);
    if (asked.url !== (does.refresh ?? does.token)) complain(`${name}: a refresh at ${asked.url}`);
    for (const wanted of does.refreshParams ?? [])
      if (members[wanted] === undefined) complain(`${name}: a refresh without ${wanted}`);
    if (ended) return does.ended;
    if (type !== 'refresh_token' || sent !== before?.refresh) return refuse(`${name}: a spent refresh token`);
    const made = issue(name, shrunk ? before.scopes.slice(0, 1) : before.scopes, before);
    const answer = (does.refreshed ?? does.answer)({ ...made, idToken: idTokens(name, null) });
    return [200, does.rotates === true ? answer : without(answer, 'refresh_token')];
  }

  function user(name: string, wanted: NonNullable<ProviderAnswers['user']>, asked: Asked): Answer {
    if (asked.headers.authorization !== `Bearer ${live.get(name)?.access}`)
      return refuse(`${name}: the identity without the token`);
    wantHeaders(wanted.headers, asked, `${name} identity`);
    const method = wanted.body === undefined ? 'GET' : 'POST';
    if (asked.method !== method || asked.body !== (wanted.body ?? ''))
      complain(`${name}: the identity with ${asked.method} ${asked.body}`);
    return [200, wanted.answer];
  }

  function revoke(name: string, does: ProviderAnswers, asked: Asked): Answer {
    const {
      how,
      method = 'POST',
      parameter = 'token',
      auth,
      access,
      answer = {},
    } = does.revoke ?? { how: 'form' };
    const of = live.get(name);
    const members: Record<string, string> =
      how === 'json' ? JSON.parse(asked.body) : Object.fromEntries(new URLSearchParams(asked.body));
    const sent = how === 'bearer' ? asked.headers.authorization?.replace(/^Bearer /, '') : members[parameter];
    if (how !== 'bearer') wantClient(name, auth ?? does.auth, members, asked);
    const accepted = how === 'bearer' || access === true ? [of?.access] : [of?.access, of?.refresh];
    if (asked.method !== method || of === undefined || !accepted.includes(sent))
      return refuse(`${name}: a revocation with ${asked.method} of something else`);
    of.revoked = true;
    return [200, answer];
  }

  function wantClient(
    name: string,
    auth: ProviderAnswers['auth'],
    members: Readonly<Record<string, string>>,
    { headers, url }: Asked,
  ): void {
    const basic = (password: string) =>
      `Basic ${Buffer.from(`${clientOf(name)}:${password}`).toString('base64')}`;
    const { client_id: id, client_secret: secret } = members;
    const seen = `${headers.authorization ?? 'no header'}, id ${id}, secret ${secret}`;
    const fits = {
      none: headers.authorization === undefined && id === clientOf(name) && secret === undefined,
      post: headers.authorization === undefined && id === clientOf(name) && secret === `${name}-secret`,
      basic: headers.authorization === basic(`${name}-secret`) && secret === undefined,
      'basic-id': headers.authorization === basic('') && secret === undefined,
    }[auth];
    if (!fits) complain(`${name}: the client at ${url}: ${seen}`);
  }

  function wantHeaders(
    wanted: Readonly<Record<string, RegExp>> | undefined,
    { headers }: Asked,
    where: string,
  ): void {
    for (const [header, value] of Object.entries(wanted ?? {}))
      if (!value.test(String(headers[header])))
        complain(`${where}: the header ${header}: ${headers[header]}`);
  }

  function refuse(complaint: string): Answer {
    complain(complaint);
    return [400, { error: 'invalid_request' }];
  }

  function answer(asked: Asked): Answer {
    for (const [name, does] of Object.entries(PROVIDER_ANSWERS)) {
      if (asked.url === does.metadata?.url) return [200, does.metadata.document];
      if (asked.url === does.token || asked.url === does.refresh) return token(name, does, asked);
      if (does.user !== undefined && asked.url === does.user.url) return user(name, does.user, asked);
      if (asked.url === does.revoke?.url) return revoke(name, does, asked);
    }
    if (!asked.url.endsWith('/.well-known/openid-configuration')) complain(`nothing is at ${asked.url}`);
    return [404, { message: 'Not Found' }];
  }

  const hosts = new Set(
    Object.values(PROVIDER_ANSWERS).flatMap(({ token, refresh, user, revoke, metadata }) =>
      [token, refresh, user?.url, revoke?.url, metadata?.url].flatMap((url) =>
        url === undefined ? [] : [new URL(url).hostname],
      ),
    ),
  );
  const names = [...hosts].map((host) => `DNS:${host}`).join(',');
  const certificate = makeCertificate(folder, 'providers', names);
  const server = createHttpsServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', headers } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      const [status, document] = answer({
        method,
        url: `https://${headers.host}${request.url}`,
        headers,
        body,
      });
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
  });
  const proxy = createServer().on('connect', (_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    server.emit('connection', socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');

  return {
    complaints,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NODE_EXTRA_CA_CERTS: certificate.certFile,
    },
    authorize(text) {
      const url = new URL(text);
      const found = Object.entries(PROVIDER_ANSWERS).find(
        ([, { authorize }]) => authorize === url.origin + url.pathname,
      );
      if (found === undefined) throw new Error(`no provider has its login at ${url.origin}${url.pathname}`);
      const [name, does] = found;
      const { parameter = 'scope', separator = ' ' } = does.scopes ?? {};
      const get = (key: string) => url.searchParams.get(key);
      const scopes = get(parameter)?.split(separator) ?? [];
      const redirectUri = get('redirect_uri') ?? '';
      const wanted = { response_type: 'code', client_id: clientOf(name), ...does.params };
      for (const [key, value] of Object.entries(wanted))
        if (get(key) !== value) complain(`${name}: ${key} is ${get(key)} and not ${value}`);
      if (!does.redirect.test(redirectUri)) complain(`${name}: the redirect URI ${redirectUri}`);
      if ((get('code_challenge') !== null) !== (does.pkce === true)) complain(`${name}: PKCE`);
      const code = `code-of-${name}`;
      const challenge = get('code_challenge');
      grants.set(code, { name, redirectUri, challenge, nonce: get('nonce'), scopes });
      const callback = new URL(redirectUri);
      const sent = { code, state: get('state') ?? '', ...does.callback?.(scopes) };
      for (const [key, value] of Object.entries(sent)) callback.searchParams.set(key, value);
      return callback.href;
    },
    isRevoked: (name) => live.get(name)?.revoked === true,
    refreshes: (name) => live.get(name)?.refreshes ?? 0,
    endGrants: (value) => {
      ended = value;
    },
    shrinkScopes: () => {
      shrunk = true;
    },
    async close() {
      proxy.closeAllConnections();
      server.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

export function clientOf(name: string): string {
  return PROVIDER_ANSWERS[name]?.clientId ?? `${name}-client`;
}

function idTokens(name: string, nonce: string | null) {
  return (claims: Readonly<Record<string, unknown>>) => {
    const now = Math.floor(Date.now() / 1000);
    const usual = { aud: clientOf(name), iat: now, exp: now + 3600 };
    return idTokenOf({ ...usual, ...(nonce === null ? {} : { nonce }), ...claims }).reveal();
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function without(answer: object, member: string): object {
  return Object.fromEntries(Object.entries(answer).filter(([name]) => name !== member));
}
