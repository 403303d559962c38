import { connect } from 'node:net';

/*
 * One HTTP request over a Unix socket, without node:http: loading it would cost `vault token` more than the request. Only
 * the answers of our own agent are understood (RFC 9112: a status line, headers, a body of a known length).
 */

export interface AnswerFromSocket {
  readonly status: number;
  readonly body: string;
}

export interface SocketQuestion {
  readonly method: 'GET' | 'POST';
  /** Path and query, percent-encoded. */
  readonly target: string;
  /** Who asks, in visible ASCII; sent as {@link CLIENT_HEADER}. */
  readonly client?: string;
  /** Milliseconds for the whole answer. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** Carries what a client says of itself. */
export const CLIENT_HEADER = 'token-vault-client';

const LARGEST_ANSWER = 1024 * 1024;

/**
 * @returns null when nothing listens there, or no whole answer of the agent came; `timeout` when none came in time
 * @throws the signal's reason
 */
export async function askSocket(
  path: string,
  { method, target, client, deadline, signal }: SocketQuestion,
): Promise<AnswerFromSocket | 'timeout' | null> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(deadline);
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: vault',
    'Connection: close',
    ...(client === undefined ? [] : [`${CLIENT_HEADER}: ${client}`]),
  ];
  const socket = connect({ path, signal: AbortSignal.any([signal, timeout]) }).setEncoding('utf8');
  let received = '';
  try {
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    for await (const text of socket) {
      received += text;
      if (received.length > LARGEST_ANSWER) return null;
    }
  } catch {
    signal.throwIfAborted();
    return timeout.aborted ? 'timeout' : null;
  }
  return readAnswer(received);
}

function readAnswer(text: string): AnswerFromSocket | null {
  const [, status, head = '', body = ''] =
    /^HTTP\/1\.1 (\d{3}) [^\r]*\r\n([\s\S]*?)\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
  const length = /^content-length: (\d+)\r?$/im.exec(head)?.[1];
  return Number(length) === Buffer.byteLength(body) ? { status: Number(status), body } : null;
}
