import { randomBytes } from 'node:crypto';
import type { DemoEndpoint, DemoEvent, DemoEventKind, DemoKnobs, DemoOptions } from './contract.js';
import { createGrants } from './grants.js';
import { createSigner } from './id-token.js';

export const METADATA_PATHS: readonly string[] = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
];

export function endpointUrls(issuer: string): Record<DemoEndpoint, string> {
  return {
    metadata: `${issuer}${METADATA_PATHS[0]}`,
    jwks: `${issuer}/jwks`,
    authorize: `${issuer}/authorize`,
    consent: `${issuer}/consent`,
    deviceAuthorization: `${issuer}/device_authorization`,
    device: `${issuer}/device`,
    token: `${issuer}/token`,
    userinfo: `${issuer}/userinfo`,
    revoke: `${issuer}/revoke`,
  };
}

/** A request, read whole. */
export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const DEFAULT_KNOBS: DemoKnobs = {
  accessTokenLifetime: 3_600,
  idTokenLifetime: 300,
  refreshTokens: 'rotate',
  reuseGrace: 0,
  grantOnly: null,
  responseIss: true,
  deviceLifetime: 600,
  deviceInterval: 5,
  devicePendings: 0,
  pendingStatus: 400,
  slowDownStatus: 400,
  deviceMembers: {},
  tokenAnswer: 'json',
  answerMembers: {},
  omitMembers: [],
};

export type World = ReturnType<typeof createWorld>;

/** What the endpoints share: identity, state and settings of the server. */
export function createWorld(issuer: string, options: DemoOptions) {
  const now = options.now ?? Date.now;
  const clientAuth = options.clientAuth ?? 'none';
  const log: DemoEvent[] = [];
  const endpoints = endpointUrls(issuer);
  const requests = Object.fromEntries(Object.keys(endpoints).map((name) => [name, 0]));
  // The plus sign distinguishes a raw Basic header from an encoded one.
  const secret = clientAuth === 'none' ? null : `demo+secret-${randomBytes(18).toString('base64url')}`;
  return {
    issuer,
    client: { id: 'demo-client', secret },
    clientAuth,
    tokenBody: options.tokenBody ?? 'form',
    plain: options.plain ?? false,
    pkceRequired: options.pkce !== 'optional',
    endpoints,
    knobs: { ...DEFAULT_KNOBS, ...options.knobs },
    grants: createGrants(),
    signer: createSigner(),
    secrets: secret === null ? [] : [secret],
    log,
    requests: requests as Record<DemoEndpoint, number>,
    now,
    record(endpoint: DemoEndpoint, kind: DemoEventKind, about: Partial<DemoEvent> = {}): void {
      log.push({ at: now(), kind, endpoint, token: null, family: null, note: null, ...about });
    },
  };
}

/** A new random token or code, remembered for leak scans. */
export function mint(world: Pick<World, 'secrets'>, kind: 'code' | 'device' | 'access' | 'refresh'): string {
  const token = `demo-${kind}-${randomBytes(24).toString('base64url')}`;
  world.secrets.push(token);
  return token;
}
