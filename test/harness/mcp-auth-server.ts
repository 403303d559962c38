import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidGrantError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import type { OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import type { OAuthClientInformationFull } from '@modelcontextprotocol/sdk/shared/auth.js';
import type { Canaries } from './canaries.js';

/** An authorization server made with the MCP library: it registers clients, rotates refresh tokens and knows no user. */
export interface McpAuthServer {
  readonly issuer: string;
  /** The resource that each token request named. */
  readonly resources: readonly (string | undefined)[];
  check(token: string): Promise<{ scopes: string[]; resource: string | null } | null>;
  close(): Promise<void>;
}

interface Granted {
  readonly clientId: string;
  readonly challenge: string;
  readonly scopes: readonly string[];
  readonly resource: string | null;
}

export async function startMcpAuthServer(canaries: Canaries): Promise<McpAuthServer> {
  const app = createMcpExpressApp();
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuerUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const clients = new Map<string, OAuthClientInformationFull>();
  const codes = new Map<string, Granted>();
  const access = new Map<string, Granted>();
  const refresh = new Map<string, Granted>();
  const resources: (string | undefined)[] = [];

  function tokens(granted: Granted) {
    const [token, next] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    canaries.accessToken(token);
    canaries.secret(next);
    access.set(token, granted);
    refresh.set(next, granted);
    const scope = granted.scopes.join(' ');
    return { access_token: token, refresh_token: next, token_type: 'Bearer', expires_in: 3_600, scope };
  }

  function taken(from: Map<string, Granted>, key: string): Granted {
    const granted = from.get(key);
    if (granted === undefined) throw new InvalidGrantError('it is not known, or was used before');
    from.delete(key);
    return granted;
  }

  const provider: OAuthServerProvider = {
    clientsStore: {
      getClient: (id) => clients.get(id),
      registerClient(client) {
        const registered = client as OAuthClientInformationFull;
        clients.set(registered.client_id, registered);
        return registered;
      },
    },
    async authorize({ client_id: clientId }, params, response) {
      const code = randomUUID();
      codes.set(code, {
        clientId,
        challenge: params.codeChallenge,
        scopes: params.scopes ?? [],
        resource: params.resource?.href ?? null,
      });
      const to = new URL(params.redirectUri);
      to.searchParams.set('code', code);
      if (params.state !== undefined) to.searchParams.set('state', params.state);
      response.redirect(to.href);
    },
    challengeForAuthorizationCode: async (_, code) => codes.get(code)?.challenge ?? '',
    async exchangeAuthorizationCode(_, code, __, ___, resource) {
      resources.push(resource?.href);
      return tokens(taken(codes, code));
    },
    async exchangeRefreshToken(_, token, __, resource) {
      resources.push(resource?.href);
      return tokens(taken(refresh, token));
    },
    async verifyAccessToken(token) {
      const granted = access.get(token);
      if (granted === undefined) throw new InvalidGrantError('it is not known');
      return { token, clientId: granted.clientId, scopes: [...granted.scopes] };
    },
    async revokeToken(_, { token }) {
      refresh.delete(token);
      access.clear();
    },
  };
  app.use(mcpAuthRouter({ provider, issuerUrl, scopesSupported: ['tools:read', 'tools:write'] }));
  return {
    issuer: issuerUrl.href,
    resources,
    async check(token) {
      const granted = access.get(token);
      return granted === undefined ? null : { scopes: [...granted.scopes], resource: granted.resource };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
