import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { errors, type TokenContext } from 'oidc-provider';
import type { Canaries } from './canaries.js';

/** A real authorization server, written by others: oidc-provider, with PKCE, rotation and revocation. */
export interface OidcServer {
  readonly issuer: string;
  readonly clientId: string;
  /** Requests tokens for itself, with its secret. */
  readonly machine: { readonly clientId: string; readonly clientSecret: string };
  /** Requests per `METHOD path`. */
  readonly requests: ReadonlyMap<string, number>;
  /** Seconds an access token lives, from the next one on. */
  accessTokenLifetime: number;
  /** Seconds the secret of a client lives that is registered from now on; 0: for ever. */
  secretLifetime: number;
  /** As a server that has lost its database. */
  forgetClient(clientId: string): Promise<void>;
  close(): Promise<void>;
}

/** What `config.json` calls it; the redirect URI it is registered with ends in this name. */
export const OIDC_PROVIDER = 'acme';

const CLIENT_ID = 'vault-test';
const MACHINE = { clientId: 'build-bot', clientSecret: 'a-client-secret-of-the-build-bot' };
/** Clients that authenticate with a private key, and the file that holds it. */
export const KEY_HOLDERS = {
  rs256: keyHolder(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256'),
  ps256: keyHolder(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'PS256', 'jwk'),
  es256: keyHolder(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256'),
  eddsa: keyHolder(generateKeyPairSync('ed25519'), 'EdDSA', 'jwk'),
};

/** A client of users that authenticates with the key `es256`; the redirect URI ends in its name. */
export const KEYED_APP = 'keyed-app';

function keyHolder(
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  alg: string,
  form: 'pem' | 'jwk' = 'pem',
) {
  const jwk = JSON.stringify({ ...privateKey.export({ format: 'jwk' }), alg, kid: `key-${alg}` });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `key-${alg}` }] };
  return { file: form === 'jwk' ? jwk : pem, alg, jwks };
}

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const EXCHANGE_PARAMETERS = [
  'subject_token',
  'subject_token_type',
  'audience',
  'scope',
  'requested_token_type',
];
const HOUR = 3_600;
const DAY = 24 * HOUR;

export interface OidcOptions {
  /** Of the issuer, for example `/tenant`. */
  readonly path?: string;
  /** Over the features of the server. */
  readonly features?: Readonly<Record<string, unknown>>;
  /** Changes each metadata document before it is sent. */
  readonly metadata?: (document: Record<string, unknown>) => Record<string, unknown>;
}

/** @param canaries gets every token that goes over the wire */
export async function startOidcServer(canaries: Canaries, options: OidcOptions = {}): Promise<OidcServer> {
  const { path = '', features = {}, metadata = (document) => document } = options;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const requests = new Map<string, number>();
  const running: OidcServer = {
    issuer,
    clientId: CLIENT_ID,
    machine: MACHINE,
    requests,
    accessTokenLifetime: 3_600,
    secretLifetime: 0,
    forgetClient: (clientId) => provider.Client.adapter.destroy(clientId),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const provider = new Provider(
    issuer,
    configuration(() => running.accessTokenLifetime, features),
  );
  provider.on('registration_create.success', ({ body }: { body: RegisteredBody }) => {
    if (running.secretLifetime === 0 || body.client_secret === undefined) return;
    body.client_secret_expires_at = Math.floor(Date.now() / 1000) + running.secretLifetime;
    // Its memory is synchronous up to here, so the answer leaves after the change.
    const { registration_access_token: _, registration_client_uri: __, ...client } = body;
    void provider.Client.adapter.upsert(body.client_id, client);
  });
  provider.registerGrantType(EXCHANGE_GRANT, exchangeToken, EXCHANGE_PARAMETERS);
  const serve = provider.callback();
  server.on('request', (request, response) => {
    Object.assign(request, mounted(request.url ?? '/', path));
    const place = `${request.method} ${request.url?.split('?')[0]}`;
    requests.set(place, (requests.get(place) ?? 0) + 1);
    const end = response.end.bind(response) as (...args: unknown[]) => typeof response;
    response.end = ((...args: unknown[]) => {
      const text = String(args[0]);
      if (CARRIES_SECRETS.includes(place)) collect(text, canaries);
      if (!place.startsWith('GET /.well-known/') || !text.startsWith('{')) return end(...args);
      const changed = JSON.stringify(metadata(JSON.parse(text)));
      response.setHeader('content-length', Buffer.byteLength(changed));
      return end(changed);
    }) as typeof response.end;
    void serve(request, response);
  });
  return running;
}

interface RegisteredBody {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly registration_access_token?: string;
  readonly registration_client_uri?: string;
  client_secret_expires_at?: number;
}

const CARRIES_SECRETS = ['POST /token', 'POST /device/auth', 'POST /reg'];

/** What the server below a path sees of a request; metadata may be asked for with the path at the end (RFC 8414 §3.1). */
function mounted(url: string, path: string): { readonly url: string; readonly originalUrl: string } {
  const [place = '', query] = url.split('?');
  const inserted = place.startsWith('/.well-known/') && place.endsWith(path);
  const inside = inserted ? place.slice(0, place.length - path.length) : place.replace(path, '');
  return { url: query === undefined ? inside : `${inside}?${query}`, originalUrl: url };
}

/** RFC 8693: an access token of a user for one with the scope asked for. */
async function exchangeToken(ctx: TokenContext): Promise<void> {
  const { client, params, provider } = ctx.oidc;
  const subject = await provider.AccessToken.find(params['subject_token'] ?? '');
  if (subject === undefined || !subject.isValid) throw new errors.InvalidRequest('subject_token is invalid');
  const { accountId, grantId } = subject;
  const scope = params['scope'] ?? '';
  const token = new provider.AccessToken({
    client,
    accountId,
    grantId,
    scope,
    gty: 'token_exchange',
  });
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope,
  };
}

const MACHINE_CLIENT = {
  grant_types: ['client_credentials', EXCHANGE_GRANT],
  response_types: [],
  redirect_uris: [],
};

function configuration(
  accessTokenLifetime: () => number,
  features: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
        response_types: ['code'],
        // RFC 8252 §7.3: any port of the loopback.
        redirect_uris: [`http://127.0.0.1/callback/${OIDC_PROVIDER}`],
      },
      {
        client_id: MACHINE.clientId,
        client_secret: MACHINE.clientSecret,
        token_endpoint_auth_method: 'client_secret_basic',
        ...MACHINE_CLIENT,
      },
      {
        client_id: KEYED_APP,
        jwks: KEY_HOLDERS.es256.jwks,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`http://127.0.0.1/callback/${KEYED_APP}`],
      },
      ...Object.entries(KEY_HOLDERS).map(([client_id, { alg, jwks }]) => ({
        client_id,
        jwks,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: alg,
        ...MACHINE_CLIENT,
      })),
    ],
    scopes: ['openid', 'offline_access', 'email', 'profile', 'build:read'],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    conformIdTokenClaims: false,
    clockTolerance: 0,
    enabledJWA: { clientAuthSigningAlgValues: Object.values(KEY_HOLDERS).map(({ alg }) => alg) },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    cookies: { keys: ['cookie-key-example'] },
    features: {
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: true },
      ...features,
    },
    ttl: {
      AccessToken: accessTokenLifetime,
      ClientCredentials: accessTokenLifetime,
      IdToken: HOUR,
      RefreshToken: DAY,
      Grant: DAY,
      Session: DAY,
      Interaction: HOUR,
      DeviceCode: HOUR,
    },
    findAccount: (_: unknown, login: string) => ({
      accountId: login,
      claims: () => ({ sub: login, email: `${login}@example.com`, name: login }),
    }),
  };
}

function collect(body: string, canaries: Canaries): void {
  if (!body.startsWith('{')) return;
  const answer = JSON.parse(body) as Record<string, string | undefined>;
  if (answer['access_token']) canaries.accessToken(answer['access_token']);
  const others = [
    ...[answer['refresh_token'], answer['id_token'], answer['device_code']],
    ...[answer['client_secret'], answer['registration_access_token']],
  ];
  for (const value of others) if (value) canaries.secret(value);
}
