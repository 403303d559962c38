import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { listen } from '../doubles/local-server.js';

export interface GitServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The kinds of credentials that were accepted: `Basic`, `Bearer`. */
  readonly accepted: string[];
  readonly refused: number;
  /** Access tokens to refuse, though the authorization server knows them. */
  readonly blocked: Set<string>;
  close(): Promise<void>;
}

/**
 * git's own server program behind HTTP: one empty repository `r.git`, open to those whose access token the
 * authorization server knows at that moment.
 */
export async function startGitServer(folder: string, userinfo: string): Promise<GitServer> {
  mkdirSync(folder, { recursive: true });
  const made = spawnSync('git', ['init', '-q', '--bare', join(folder, 'r.git')], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (made.status !== 0) throw new Error(made.stderr);
  spawnSync('git', ['-C', join(folder, 'r.git'), 'config', 'http.receivepack', 'true'], { timeout: 60_000 });
  const accepted: string[] = [];
  const blocked = new Set<string>();
  let refused = 0;
  const server = createServer((request, response) => {
    void allowed(request).then((kind) => {
      if (kind === null) {
        if (request.headers.authorization !== undefined) refused += 1;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="git", Bearer' }).end();
        return;
      }
      accepted.push(kind);
      backend(request, response);
    });
  });

  async function allowed({ headers: { authorization = '' } }: IncomingMessage): Promise<string | null> {
    const [kind = '', value = ''] = authorization.split(' ');
    const token = kind === 'Basic' ? Buffer.from(value, 'base64').toString().split(':')[1] : value;
    if (kind === '' || token === undefined || blocked.has(token)) return null;
    const { ok } = await fetch(userinfo, { headers: { authorization: `Bearer ${token}` } });
    return ok ? kind : null;
  }

  /** RFC 3875 */
  function backend(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: 'ada',
        REMOTE_ADDR: '127.0.0.1',
      },
    });
    request.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('close', () => {
      const all = Buffer.concat(parts);
      const end = all.indexOf('\r\n\r\n');
      const lines = all.subarray(0, end).toString().split('\r\n');
      const headers = lines.map((line) => line.split(': ', 2) as [string, string]);
      const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
      response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers));
      response.end(all.subarray(end + 4));
    });
  }

  return {
    ...(await listen(server)),
    accepted,
    blocked,
    get refused() {
      return refused;
    },
  };
}
