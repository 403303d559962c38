import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_HEADER } from '../../../src/system/agent/agent-request.js';
import {
  type ServedRequest,
  type SocketServer,
  serveOnSocket,
} from '../../../src/system/agent/agent-server.js';
import { createFiles } from '../../../src/system/files/files.js';

describe('a request on the socket', () => {
  let [folder, path] = ['', ''];
  let server: SocketServer;
  const seen: ServedRequest[] = [];
  const send = async (lines: readonly string[]): Promise<ServedRequest | undefined> => {
    seen.length = 0;
    const socket = connect(path);
    socket.end(`GET / HTTP/1.1\r\n${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    await once(socket.resume(), 'close');
    return seen[0];
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vault-request-'));
    path = join(folder, 'agent.sock');
    const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});
    server = await serveOnSocket(
      () => [path],
      files,
      async (request) => {
        seen.push(request);
        return { status: 200, headers: {}, body: 'hello\n' };
      },
    );
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('contains every Host header', async () => {
    expect((await send(['Host: vault']))?.hosts).toEqual(['vault']);
    expect((await send(['Host: vault', 'HOST: evil.example']))?.hosts).toEqual(['vault', 'evil.example']);
  });

  it.each([
    'Origin: http://evil.example',
    'Referer: http://evil.example/',
    'Cookie: a=b',
    'Sec-Fetch-Site: none',
    'Sec-Fetch-Dest: document',
    'Upgrade-Insecure-Requests: 1',
    'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
    'User-Agent: Mozilla/4.0 (compatible; MSIE 8.0)',
  ])('with %s is from a browser', async (line) => {
    expect((await send(['Host: vault', line]))?.fromBrowser).toBe(true);
  });

  it.each([
    ['curl', ['User-Agent: curl/8.5.0', 'Accept: */*']],
    ["Node's fetch", ['User-Agent: node', 'Accept: */*', 'Accept-Language: *', 'Sec-Fetch-Mode: cors']],
    [
      'PowerShell',
      ['User-Agent: Mozilla/5.0 (Linux; Debian GNU/Linux 12 (bookworm); en-US) PowerShell/7.5.0'],
    ],
    ['vault token', [`${CLIENT_HEADER}: {}`]],
  ])('of %s is not from a browser', async (_, lines) => {
    expect((await send(['Host: vault', ...lines]))?.fromBrowser).toBe(false);
  });
});
