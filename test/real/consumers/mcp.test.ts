import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

const PROGRAMS = join(import.meta.dirname, '../../harness/mcp.mjs');

let stage: DemoStage;
let server: ChildProcess | null = null;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  server?.kill();
  server = null;
  expect(await stage.close()).toEqual([]);
});

/** @returns the URL of a server that accepts only tokens that work */
async function startServer(...more: string[]): Promise<string> {
  server = spawn(process.execPath, [PROGRAMS, 'server', stage.demo.endpoints.userinfo, ...more]);
  const [line] = await once(server.stdout as NodeJS.ReadableStream, 'data');
  return String(line).trim();
}

async function run(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [PROGRAMS, ...args], { env: stage.home.env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  await once(child, 'close');
  return text.trim();
}

/** The JSON that `vault connect` shows for one of the places. */
async function shown(url: string, where: string) {
  const { stdout } = await stage.vault(['connect', 'mcp', 'demo', '--for', url, '--json']);
  const change = JSON.parse(stdout).changes.find((each: { where: string }) => each.where.includes(where));
  const { mcpServers = {}, ...rest } = JSON.parse(change.lines.join('\n'));
  return { ...rest, ...mcpServers['127-0-0-1'] };
}

/** Tokens are compared as digests. */
async function stored(): Promise<string> {
  const { stdout } = await stage.vault(['token', 'demo']);
  return createHash('sha256').update(stdout.trim()).digest('hex');
}

it('calls a protected server with the headers of headersHelper', async () => {
  const url = await startServer();
  const { headersHelper } = await shown(url, 'headersHelper');
  expect(await run('client', url, headersHelper)).toBe(await stored());
});

it('calls it with another token after the server refused the stored one', async () => {
  const url = await startServer('refuse-first');
  const { headersHelper } = await shown(url, 'headersHelper');
  const before = await stored();
  stage.tokenRequests();
  expect(await run('client', url, headersHelper)).toBe(await stored());
  expect(await stored()).not.toBe(before);
  expect(stage.tokenRequests()).toBe(1);
});

it('calls a server that it starts below vault exec, which finds the token', async () => {
  const { command, args } = await shown('http://127.0.0.1/', 'starts');
  const own = [...args.slice(0, -1), process.execPath, PROGRAMS, 'stdio-server'];
  expect(await run('stdio', command, ...own)).toBe(await stored());
});

it('gets no token for another server than it was connected for', async () => {
  const env = { CLAUDE_CODE_MCP_SERVER_URL: 'https://evil.example/mcp' };
  const words = ['helper', 'mcp', 'demo', '--for', 'https://mcp.example.com/mcp'];
  expect(await stage.vault(words, { env })).toMatchObject({ exitCode: 2, stdout: '' });
});
