import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Http } from '../../src/system/contract.js';
import { createHttp } from '../../src/system/http/http.js';

/** Without asking who owns the port of each local server, which takes longer than most requests; test/system/http tests it. */
export const localHttp = (): Http => createHttp({ env: {}, insecureLoopback: async () => true });

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface LocalServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly host: string;
  /** Every request that arrived whole, in order. */
  readonly received: Received[];
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: Received) => void;

/** A real HTTP server on loopback that answers as the test says. */
export async function serve(answer: Answer): Promise<LocalServer> {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const whole = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(whole);
      answer(response, whole);
    });
  };
  const { host, close } = await listen(createServer(listener));
  return { url: `http://${host}`, host, received, close };
}

/** Listens on loopback. @returns `127.0.0.1:PORT`, and what closes the server with its connections */
export async function listen(server: Server): Promise<{ readonly host: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** How many connections were made so far. */
  readonly connections: () => number;
  /** Resolves when every connection is gone. */
  readonly idle: () => Promise<void>;
  close(): Promise<void>;
}

/** A server that speaks no HTTP by itself: what is written and when is the test's business. */
export async function serveRaw(onSocket: (socket: Socket) => void): Promise<RawServer> {
  const open = new Set<Socket>();
  let connections = 0;
  let onEmpty: () => void = () => undefined;
  const server = createTcpServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      if (open.size === 0) onEmpty();
    });
    onSocket(socket);
    // Unread it would never notice that the other side has gone.
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    idle: () =>
      new Promise((resolve) => {
        onEmpty = resolve;
        if (open.size === 0) resolve();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
