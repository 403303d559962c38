import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

let stage: DemoStage;
let server: Server;
let url: string;
const blocked = new Set<string>();

const XML = { 'content-type': 'application/xml' };
const FILE =
  '<d:resourcetype/><d:getcontentlength>4</d:getcontentlength><d:getlastmodified>Tue, 01 Dec 2026 12:00:00 GMT</d:getlastmodified>';
const LISTING = `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/file</d:href><d:propstat><d:prop>${FILE}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`;

beforeEach(async (context) => {
  needs(context, 'rclone', 'the built command line');
  stage = await openDemoStage();
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
  // As much of WebDAV as `rclone cat` asks for one file.
  server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    void fetch(stage.demo.endpoints.userinfo, { headers: { authorization } }).then(({ ok }) => {
      if (!ok || blocked.has(authorization)) response.writeHead(401).end();
      else if (request.method === 'PROPFIND') response.writeHead(207, XML).end(LISTING);
      else response.writeHead(200, { 'content-length': 4 }).end('text');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  expect(await stage.close()).toEqual([]);
});

const file = () => join(stage.home.home, '.config', 'rclone', 'rclone.conf');
const connect = (...more: string[]) => stage.vault(['connect', 'rclone', 'demo', '--for', url, ...more]);

async function cat() {
  const child = spawn('rclone', ['cat', 'demo-ada-example.com:file'], { env: stage.home.env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => (stdout += part));
  child.stderr.on('data', (part) => (stderr += part));
  const [exitCode] = await once(child, 'close');
  return { exitCode, stdout, stderr };
}

it('reads a file with what connect --install wrote', async () => {
  expect(await connect('--install')).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await cat()).toMatchObject({ exitCode: 0, stdout: 'text' });
});

it('gets another token in the same run after the server refused the stored one', async () => {
  await connect('--install');
  blocked.add(`Bearer ${(await stage.vault(['token', 'demo'])).stdout.trim()}`);
  stage.tokenRequests();
  expect(await cat()).toMatchObject({ exitCode: 0, stdout: 'text' });
  expect(stage.tokenRequests()).toBe(1);
});

it.each([
  ['no file', null],
  ['a file with another remote', '[other]\ntype = local'],
])('leaves %s byte for byte as it was after --remove', async (_, text) => {
  mkdirSync(dirname(file()), { recursive: true });
  if (text !== null) writeFileSync(file(), text);
  await connect('--install');
  expect(readFileSync(file(), 'utf8')).toContain('bearer_token_command = ');
  expect(await connect('--remove')).toMatchObject({ exitCode: 0 });
  expect(existsSync(file()) ? readFileSync(file(), 'utf8') : null).toBe(text);
});

it('does not take over a remote of the same name', async () => {
  mkdirSync(dirname(file()), { recursive: true });
  writeFileSync(file(), '[demo-ada-example.com]\ntype = local\n');
  expect(await connect('--install')).toMatchObject({ exitCode: 2 });
});
