import { connect } from 'node:net';

/*
 * A request over a Unix socket, by hand: `vault token` in a script should not load an HTTP library to talk to its own
 * agent. Only what that agent writes is understood (RFC 9112: a status line, headers, a body of a known length).
 */

export interface SocketAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SocketQuestion {
  readonly method: 'GET' | 'POST';
  /** Path and query, percent-encoded. */
  readonly target: string;
  /**
   * How long the other side may say nothing, in milliseconds. One that works for longer says so with an interim
   * answer (102); one that was stopped does not.
   */
  readonly silence: number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** Asks the server for signs of life while it works. */
export const PROGRESS_HEADER = 'token-vault-progress';

const LARGEST_ANSWER = 1024 * 1024;

/**
 * @returns null when nobody listens, or no whole and sound answer came in time
 * @throws the signal's reason
 */
export async function askSocket(path: string, question: SocketQuestion): Promise<SocketAnswer | null> {
  const { method, target, silence, signal } = question;
  signal.throwIfAborted();
  const answer = await new Promise<SocketAnswer | null>((resolve) => {
    const socket = connect(path);
    const settle = (answer: SocketAnswer | null) => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(answer);
    };
    const giveUp = () => settle(null);
    let received: Buffer = Buffer.alloc(0);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.setTimeout(silence, giveUp);
    socket.on('error', giveUp);
    socket.on('close', giveUp);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > LARGEST_ANSWER) return giveUp();
      const read = readAnswer(received);
      if (read === 'incomplete') return;
      settle(read === 'senseless' ? null : read);
    });
    const lines = [
      `${method} ${target} HTTP/1.1`,
      'Host: vault',
      `${PROGRESS_HEADER}: yes`,
      'Connection: close',
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
  signal.throwIfAborted();
  return answer;
}

const END_OF_HEAD = '\r\n\r\n';

/** Passes over interim answers, of which there may be any number. */
function readAnswer(received: Buffer): SocketAnswer | 'incomplete' | 'senseless' {
  let rest = received;
  for (;;) {
    const end = rest.indexOf(END_OF_HEAD);
    if (end === -1) return 'incomplete';
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first)?.[1]);
    if (Number.isNaN(status)) return 'senseless';
    rest = rest.subarray(end + END_OF_HEAD.length);
    if (status < 200) continue;
    const headers = Object.fromEntries(lines.map(readHeader));
    const length = /^\d{1,7}$/.test(headers['content-length'] ?? '')
      ? Number(headers['content-length'])
      : null;
    if (length === null) return 'senseless';
    if (rest.length < length) return 'incomplete';
    return { status, headers, body: rest.subarray(0, length).toString('utf8') };
  }
}

function readHeader(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
