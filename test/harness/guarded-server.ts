import { createServer } from 'node:http';
import { listen } from '../doubles/local-server.js';

export interface GuardedServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** The kinds of credentials that were accepted: `Basic`, `Bearer`. */
  readonly accepted: readonly string[];
  /** Each header `Authorization` that arrived. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** An HTTP server whose pages are open to those whose access token the authorization server knows at that moment. */
export async function startGuardedServer(
  userinfo: string,
  pages: Readonly<Record<string, (origin: string) => object | string>>,
): Promise<GuardedServer> {
  const accepted: string[] = [];
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { authorization = '', host } = request.headers;
    if (authorization !== '') seen.push(authorization);
    const [kind = '', value = ''] = authorization.split(' ');
    const token = kind === 'Basic' ? Buffer.from(value, 'base64').toString().split(':')[1] : value;
    const page = pages[new URL(request.url ?? '/', 'http://localhost').pathname];
    void fetch(userinfo, { headers: { authorization: `Bearer ${token}` } }).then(({ ok }) => {
      if (!ok) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      accepted.push(kind);
      if (page === undefined) return void response.writeHead(404).end();
      const content = page(`http://${host}`);
      const isText = typeof content === 'string';
      response.writeHead(200, { 'content-type': isText ? 'text/html' : 'application/json' });
      response.end(isText ? content : JSON.stringify(content));
    });
  });
  return {
    ...(await listen(server)),
    accepted,
    seen,
  };
}
