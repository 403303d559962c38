import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { SECOND } from '../domain/duration.js';
import { TransportFailure, type TransportReason } from '../domain/transport.js';
import { CONNECT } from './http/http-direct.js';
import { certificateFault, errorCode, handshakeFault, transportReason } from './transport-codes.js';

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Whether TLS begins with a command on a plain connection, or with the connection itself. */
  readonly startTls: boolean;
}

/** The lines of a conversation with a mail server. Nothing is sent over it in plain but what comes before `secure`. */
export interface MailConnection {
  /** The next line of the server. @throws TransportFailure; the interruption's reason */
  line(): Promise<string>;
  send(line: string): void;
  /** Begins TLS on a plain connection. @throws TransportFailure */
  secure(): Promise<void>;
  /** `TLSv1.3`; null before TLS. */
  tlsVersion(): string | null;
  close(): void;
}

/** Milliseconds. A server that delays the answer to a wrong token takes less. */
const LINE_TIMEOUT = 30 * SECOND;
/** Far more than a conversation in which nothing is fetched. */
const MAX_BYTES = 1_048_576;

/**
 * Connects as a mail client would: TLS 1.2 or newer, the certificate verified.
 *
 * @throws TransportFailure; the interruption's reason
 */
export async function connectMail(server: MailServer, interruption: AbortSignal): Promise<MailConnection> {
  interruption.throwIfAborted();
  const { host, port, startTls } = server;
  const place = `${host}:${port}`;
  let socket: Socket = startTls ? connectTcp({ host, port, ...CONNECT }) : tls(server);
  let input = '';
  let received = 0;
  let failure: unknown = null;
  let wake: () => void = () => undefined;

  function fail(reason: TransportReason, code = ''): void {
    const isTls = reason === 'tls';
    end(
      new TransportFailure(reason, 'no', place, {
        certificate: isTls ? certificateFault(code) : null,
        handshake: isTls ? handshakeFault(code) : null,
        ...(code === '' ? {} : { cause: new Error(code) }),
      }),
    );
  }

  function end(reason: unknown): void {
    failure ??= reason;
    interruption.removeEventListener('abort', onAbort);
    socket.destroy();
    wake();
  }

  const onAbort = () => end(interruption.reason);
  const onData = (chunk: Buffer): void => {
    input += chunk.toString('latin1');
    received += chunk.length;
    if (received > MAX_BYTES) fail('too_large');
    wake();
  };

  function listen(): void {
    socket.on('error', (error) => {
      const code = errorCode(error);
      fail(transportReason(code, { begun: false, proxied: false }), code);
    });
    socket.on('close', () => fail('reset'));
  }

  /** Waits until `ready`, which is asked after each event. */
  async function until<T>(ready: () => T | null, milliseconds: number): Promise<T> {
    const timer = setTimeout(() => fail('timeout'), milliseconds);
    try {
      for (;;) {
        // What had arrived before the connection broke is read first.
        const found = ready();
        if (found !== null) return found;
        if (failure !== null) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async function opened(event: 'connect' | 'secureConnect'): Promise<void> {
    let isOpen = false;
    listen();
    socket.once(event, () => {
      isOpen = true;
      wake();
    });
    await until(() => isOpen || null, CONNECT.timeout);
    socket.on('data', onData);
  }

  interruption.addEventListener('abort', onAbort, { once: true });
  await opened(startTls ? 'connect' : 'secureConnect');
  return {
    line: () =>
      until(() => {
        const at = input.indexOf('\n');
        if (at === -1) return null;
        const line = input.slice(0, at).replace(/\r$/, '');
        input = input.slice(at + 1);
        return Buffer.from(line, 'latin1').toString('utf8');
      }, LINE_TIMEOUT),
    send: (line) => void socket.write(`${line}\r\n`),
    async secure() {
      // What arrived before TLS may come from another machine on the network path, so it is not an answer (CVE-2011-0411).
      if (input !== '') fail('malformed');
      if (failure !== null) throw failure;
      socket.removeAllListeners();
      socket = tls(server, socket);
      await opened('secureConnect');
    },
    tlsVersion: () => ('getProtocol' in socket ? (socket as TLSSocket).getProtocol() : null),
    close: () => fail('aborted'),
  };
}

function tls({ host, port }: MailServer, below?: Socket): TLSSocket {
  return connectTls({
    ...CONNECT,
    ...(below === undefined ? { host, port } : { socket: below, host }),
    // An address is not a server name (RFC 6066 §3); the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
}
