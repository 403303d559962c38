import type { AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

/** A server over TLS that answers each line as the test says, for what no real mail server can be made to do. */
export interface ScriptedServer {
  readonly port: number;
  /** Every line that it was sent. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** @param answer what to write for a line; the first one is for the greeting, and has no line */
export async function scriptedServer(
  options: TlsOptions,
  answer: (line: string | null) => string,
): Promise<ScriptedServer> {
  const lines: string[] = [];
  const server = createServer(options, (socket) => {
    let input = '';
    socket.on('error', () => undefined);
    socket.write(answer(null));
    socket.on('data', (chunk) => {
      input += chunk.toString();
      const whole = input.split('\r\n');
      input = whole.pop() ?? '';
      for (const line of whole) {
        lines.push(line);
        socket.write(answer(line));
      }
    });
  });
  // A handshake that fails is what some tests are about.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
