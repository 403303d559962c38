/*
 * Programs with the MCP library: `server USERINFO [refuse-first]` prints its URL and accepts only tokens that work; `client URL HELPER`
 * calls a tool with the headers that HELPER prints, and runs it once more after a 401; `stdio COMMAND…` calls a server that it starts.
 */
import { execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const ABOUT = { name: 'example', version: '1' };
const [role, ...args] = process.argv.slice(2);
const digest = (text) => createHash('sha256').update(text).digest('hex');

function serverWith(token) {
  const server = new McpServer(ABOUT);
  server.registerTool('token', {}, () => ({ content: [{ type: 'text', text: digest(token) }] }));
  return server;
}

async function serve([userinfo, refuse]) {
  let refused = null;
  const server = createServer(async (request, response) => {
    const { authorization = '' } = request.headers;
    if (refuse === 'refuse-first') refused ??= authorization;
    const { ok } = await fetch(userinfo, { headers: { authorization } });
    if (!ok || authorization === refused) return response.writeHead(401).end();
    if (request.method !== 'POST') return response.writeHead(405).end();
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    await serverWith(authorization.replace('Bearer ', '')).connect(transport);
    await transport.handleRequest(request, response);
  });
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
}

async function call(transport) {
  const client = new Client(ABOUT);
  await client.connect(transport);
  const { content } = await client.callTool({ name: 'token', arguments: {} });
  await client.close();
  return content[0].text;
}

function withHeaders([url, helper]) {
  const headers = JSON.parse(execSync(helper, { encoding: 'utf8' }));
  return call(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
}

switch (role) {
  case 'server':
    await serve(args);
    break;
  case 'client':
    console.log(
      await withHeaders(args).catch((failure) => {
        if (failure.code !== 401) throw failure;
        return withHeaders(args);
      }),
    );
    break;
  case 'stdio': {
    const [command, ...rest] = args;
    console.log(await call(new StdioClientTransport({ command, args: rest, env: process.env })));
    break;
  }
  case 'stdio-server':
    await serverWith(process.env.MCP_TOKEN).connect(new StdioServerTransport());
}
