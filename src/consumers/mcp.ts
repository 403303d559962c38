import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer, HelperCall } from './contract.js';

/*
 * Clients of the Model Context Protocol send an access token with each request: https://modelcontextprotocol.io/specification
 * One with a `headersHelper` runs it when it connects, and again after a 401 or 403. A server that the client starts itself takes
 * the token from its environment.
 */

const VARIABLE = 'MCP_TOKEN';

export const mcp: Consumer = {
  programs: ['claude', 'codex', 'gemini', 'cursor', 'code'],
  helper: {
    verbs: [],
    runsAgain: true,
    byShell: true,
    async answer(call) {
      requireSameServer(call);
      const { accessToken } = await call.token();
      call.print(`${JSON.stringify({ Authorization: `Bearer ${accessToken.reveal()}` })}\n`);
    },
  },
  connect({ account, target, self }) {
    if (target === null || !URL.canParse(target))
      throw new VaultError('usage', 'the URL of the MCP server is needed', {
        hint: command(`connect mcp ${quoted(account)} --for https://mcp.example.com/mcp`),
      });
    const name = new URL(target).hostname.replace(/\W/g, '-');
    const words = (...more: readonly string[]) => [...self, ...more].map(quoted).join(' ');
    const [program, ...args] = [...self, 'exec', account, '--env', VARIABLE, '--', 'SERVER'];
    const headersHelper = words('helper', 'mcp', account, '--for', target);
    return {
      changes: [
        shown('a client with headersHelper, such as Claude Code, in .mcp.json', {
          mcpServers: { [name]: { type: 'http', url: target, headersHelper } },
        }),
        {
          kind: 'shown',
          where: 'a client that reads a variable, such as Codex, in config.toml',
          lines: [`[mcp_servers.${name}]`, `url = "${target}"`, `bearer_token_env_var = "${VARIABLE}"`],
        },
        {
          kind: 'shown',
          where: 'and start that client with',
          lines: [command(`exec ${quoted(account)} --env ${VARIABLE} -- codex`)],
        },
        shown(`a server that any client starts, which reads $${VARIABLE}`, {
          mcpServers: { [name]: { command: program, args } },
        }),
        shown('the key of a model, in settings.json of Claude Code', {
          apiKeyHelper: words('token', account),
        }),
      ],
      notes: ['a token in a variable is not renewed: start the client or the server again when it ends'],
    };
  },
};

function shown(where: string, value: unknown) {
  return { kind: 'shown', where, lines: JSON.stringify(value, null, 2).split('\n') } as const;
}

/** Claude Code says for which server it asks. @throws VaultError `usage` */
function requireSameServer({ env, target }: HelperCall): void {
  const asked = env['CLAUDE_CODE_MCP_SERVER_URL'] ?? '';
  if (target === null || !URL.canParse(asked) || !URL.canParse(target)) return;
  const { origin } = new URL(asked);
  if (origin === new URL(target).origin) return;
  throw new VaultError('usage', `no token for ${origin}, because this account was connected for ${target}`, {
    hint: command('connect mcp --help'),
  });
}
