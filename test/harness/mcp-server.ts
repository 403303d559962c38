import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

/** A protected MCP server, made with the MCP library. */
export interface ProtectedMcpServer {
  /** Of its endpoint, which is the resource. */
  readonly url: string;
  close(): Promise<void>;
}

type GuardedRequest = IncomingMessage & {
  readonly auth?: { token: string; clientId: string; scopes: string[] };
  readonly body?: unknown;
};

export interface McpServerOptions {
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** Checks an access token at the authorization server. Null: it is not valid. */
  readonly check: (token: string) => Promise<{ scopes: string[]; resource: string | null } | null>;
  /** Whether its 401 names its metadata. */
  readonly challenges?: boolean;
}

export async function startMcpServer(options: McpServerOptions): Promise<ProtectedMcpServer> {
  const { issuer, scopes, check, challenges = true } = options;
  const app = createMcpExpressApp();
  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const verifier: OAuthTokenVerifier = {
    async verifyAccessToken(token) {
      const found = await check(token);
      if (found === null) throw new InvalidTokenError('it is not valid');
      const resource = found.resource === null ? {} : { resource: new URL(found.resource) };
      const expiresAt = Math.floor(Date.now() / 1000) + 60;
      return { token, clientId: 'any', scopes: found.scopes, expiresAt, ...resource };
    },
  };
  app.use(
    mcpAuthMetadataRouter({
      // It is served too; only the authorization server itself has the whole of it.
      oauthMetadata: {
        issuer,
        authorization_endpoint: issuer,
        token_endpoint: issuer,
        response_types_supported: [],
      },
      resourceServerUrl: url,
      scopesSupported: [...scopes],
    }),
  );
  const guard = requireBearerAuth({
    verifier,
    requiredScopes: [...scopes.slice(0, 1)],
    expectedResource: url,
    ...(challenges && { resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url) }),
  });
  const answer = async (request: GuardedRequest, response: ServerResponse) => {
    const transport = new StreamableHTTPServerTransport();
    const mcp = new McpServer({ name: 'protected', version: '1' });
    const digest = createHash('sha256')
      .update(request.auth?.token ?? '')
      .digest('hex');
    mcp.registerTool('token', {}, () => ({ content: [{ type: 'text', text: digest }] }));
    await mcp.connect(transport as Parameters<typeof mcp.connect>[0]);
    await transport.handleRequest(request, response, request.body);
  };
  app.use('/mcp', guard, answer);
  return {
    url: url.href,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
