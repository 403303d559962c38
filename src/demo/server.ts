import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorize, consent } from './authorize.js';
import type { DemoAnswer, DemoEndpoint, DemoFault, DemoOptions, DemoServer } from './contract.js';
import { deviceAuthorization, verification } from './device.js';
import { bearer, digest, SCOPES } from './grants.js';
import { json, oauthError, readParameters, refuseClient, text } from './http.js';
import { personClaims } from './id-token.js';
import { token } from './token.js';

import { createWorld, type Incoming, METADATA_PATHS, type World } from './world.js';

const MAX_BODY = 65_536;

type Handler = (world: World, incoming: Incoming) => DemoAnswer;

interface Route {
  readonly endpoint: DemoEndpoint;
  readonly methods: readonly string[];
  readonly handle: Handler;
}

const ROUTES = new Map<string, Route>([
  ...METADATA_PATHS.map((path): [string, Route] => [
    path,
    { endpoint: 'metadata', methods: ['GET'], handle: metadata },
  ]),
  ['/jwks', { endpoint: 'jwks', methods: ['GET'], handle: (world) => json(200, world.signer.jwks) }],
  ['/authorize', { endpoint: 'authorize', methods: ['GET'], handle: authorize }],
  ['/consent', { endpoint: 'consent', methods: ['POST'], handle: consent }],
  [
    '/device_authorization',
    { endpoint: 'deviceAuthorization', methods: ['POST'], handle: deviceAuthorization },
  ],
  ['/device', { endpoint: 'device', methods: ['GET', 'POST'], handle: verification }],
  ['/token', { endpoint: 'token', methods: ['POST'], handle: token }],
  ['/userinfo', { endpoint: 'userinfo', methods: ['GET'], handle: userinfo }],
  ['/revoke', { endpoint: 'revoke', methods: ['POST'], handle: revoke }],
]);

/**
 * Starts an authorization server on the loopback: OpenID Connect with PKCE, rotating refresh tokens, strict reuse
 * detection, and any misbehaviour that a test needs. Its state is in memory.
 *
 * @throws the system's error when the port cannot be listened on
 */
export async function startDemoServer(options: DemoOptions = {}): Promise<DemoServer> {
  const faults = faultQueue();
  const server = createServer({ maxHeaderSize: 16_384 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const world = createWorld(`http://127.0.0.1:${port}`, options);

  const demo: DemoServer = {
    issuer: world.issuer,
    port,
    client: world.client,
    endpoints: world.endpoints,
    knobs: world.knobs,
    log: world.log,
    requests: world.requests,
    refreshUses: world.grants.refreshUses,
    next: faults.add,
    endAllGrants() {
      for (const family of world.grants.families) family.alive = false;
    },
    introspect(accessToken) {
      const family = bearer(world.grants, accessToken, world.now());
      return family && { email: family.person.email, scopes: family.scopes };
    },
    secrets: () => [...world.secrets],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  server.on('request', (request, response) => {
    serve(world, faults, request, response).catch(() => response.destroy());
  });
  return demo;
}

/** Faults to come, first in, first out, for each endpoint. */
function faultQueue() {
  const waiting = new Map<DemoEndpoint, { readonly fault: DemoFault; left: number }[]>();
  return {
    add(endpoint: DemoEndpoint, fault: DemoFault, times = 1): void {
      waiting.set(endpoint, [...(waiting.get(endpoint) ?? []), { fault, left: times }]);
    },
    take(endpoint: DemoEndpoint): DemoFault | null {
      const queue = waiting.get(endpoint);
      const first = queue?.[0];
      if (!queue || !first) return null;
      first.left -= 1;
      if (first.left <= 0) queue.shift();
      return first.fault;
    },
  };
}

async function serve(
  world: World,
  faults: ReturnType<typeof faultQueue>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const incoming = await read(world, request);
  if (!incoming) return void response.destroy();
  const route = ROUTES.get(incoming.url.pathname);
  if (!route) return send(response, text(404, 'not found'));
  if (!route.methods.includes(incoming.method)) return send(response, text(405, `use ${route.methods[0]}`));
  world.requests[route.endpoint] += 1;
  await answer(world, route, incoming, faults.take(route.endpoint), response);
}

async function answer(
  world: World,
  { endpoint, handle }: Route,
  incoming: Incoming,
  fault: DemoFault | null,
  response: ServerResponse,
): Promise<void> {
  response.on('finish', () => world.record(endpoint, 'answered', { note: String(response.statusCode) }));
  if (fault) world.record(endpoint, 'faulted', { note: fault.when });
  const early = fault?.when === 'before' ? await suffer(fault) : 'own';
  const fitting = early === 'own' ? respond(world, endpoint, handle, incoming) : early;
  const late = fault?.when === 'after' ? await suffer(fault) : 'own';
  const final = late === 'own' ? fitting : late;
  if (final === 'nothing' || final === 'half') {
    world.record(endpoint, 'dropped');
    return final === 'half' && typeof fitting === 'object'
      ? breakOff(response, fitting)
      : void response.destroy();
  }
  send(response, final);
}

async function suffer(fault: DemoFault): Promise<DemoFault['send']> {
  if (fault.delay !== undefined) await sleep(fault.delay);
  return fault.send;
}

function respond(world: World, endpoint: DemoEndpoint, handle: Handler, incoming: Incoming): DemoAnswer {
  const answer = handle(world, incoming);
  if (answer.status >= 400) world.record(endpoint, 'refused', { note: errorCode(answer) });
  return answer;
}

function errorCode({ status, body }: DemoAnswer): string {
  return /"error":"([a-z_]+)"/.exec(body)?.[1] ?? String(status);
}

function send(response: ServerResponse, { status, headers, body }: DemoAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function breakOff(response: ServerResponse, { status, headers, body }: DemoAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, Math.floor(body.length / 2)), () => response.destroy());
}

async function read(world: World, request: IncomingMessage): Promise<Incoming | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return null;
    chunks.push(chunk);
  }
  const target = request.url ?? '/';
  if (!URL.canParse(target, world.issuer)) return null;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  return {
    method: request.method ?? 'GET',
    url: new URL(target, world.issuer),
    headers,
    body: Buffer.concat(chunks).toString(),
  };
}

const AUTH_METHODS = {
  none: 'none',
  post: 'client_secret_post',
  basic: 'client_secret_basic',
  'basic-raw': 'client_secret_basic',
} as const;

/** One document for both well-known URLs (OpenID Connect Discovery 1.0 §4, RFC 8414 §3). */
function metadata(world: World): DemoAnswer {
  if (world.plain) return text(404, 'this server publishes no metadata');
  const method = AUTH_METHODS[world.clientAuth];
  return json(200, {
    issuer: world.issuer,
    authorization_endpoint: world.endpoints.authorize,
    token_endpoint: world.endpoints.token,
    device_authorization_endpoint: world.endpoints.deviceAuthorization,
    userinfo_endpoint: world.endpoints.userinfo,
    revocation_endpoint: world.endpoints.revoke,
    jwks_uri: world.endpoints.jwks,
    scopes_supported: Object.keys(SCOPES),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: [method],
    revocation_endpoint_auth_methods_supported: [method],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: world.knobs.responseIss,
  });
}

/** The owner of an access token (OpenID Connect Core §5.3). */
function userinfo(world: World, incoming: Incoming): DemoAnswer {
  const match = /^Bearer (\S+)$/.exec(incoming.headers['authorization'] ?? '');
  const family = bearer(world.grants, match?.[1] ?? '', world.now());
  if (!family) {
    return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  }
  return json(200, personClaims(family.person, family.scopes));
}

/** Revocation (RFC 7009). Either kind of token ends the whole grant; an unknown token is success (§2.2). */
function revoke(world: World, incoming: Incoming): DemoAnswer {
  const parameters = readParameters(incoming, ['form', world.tokenBody]);
  const token = parameters?.get('token');
  if (!parameters || !token) return oauthError(400, 'invalid_request', 'token is missing');
  const refusal = refuseClient(world, incoming, parameters);
  if (refusal) return refusal;
  const name = digest(token);
  const family = (world.grants.refresh.get(name) ?? world.grants.access.get(name))?.family;
  if (family?.alive) {
    family.alive = false;
    world.record('revoke', 'revoked', { token: name, family: family.number });
  } else {
    world.record('revoke', 'revoked_unknown', { token: name });
  }
  return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };
}
