import { createConnection } from 'node:net';
import {
  decodeMessage,
  encodeMessage,
  METHOD_CALL,
  METHOD_RETURN,
  type Message,
  SIGNAL,
} from './dbus-message.js';
import type { Value } from './dbus-values.js';

/** A method call; its reply is the list of values that the method gives back. */
export interface Call {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** The types of `body`; none when left out. */
  readonly signature?: string;
  readonly body?: readonly Value[];
}

export type Signal = Readonly<Record<'path' | 'interface' | 'member', string>>;

/** A connection to a message bus. */
export interface Bus {
  /** Settles when the bus has let us in; rejects with {@link BusFailure}. */
  readonly ready: Promise<unknown>;
  /**
   * May be called before the bus is ready: what is asked then goes out with the greeting.
   *
   * @throws CallFailure when the other side answers with an error
   * @throws BusFailure when the connection fails or is closed
   */
  call(call: Call): Promise<readonly Value[]>;
  /**
   * What the next signal of this kind says; whoever wants it also tells the bus so, with `AddMatch`.
   *
   * @throws BusFailure as `call`
   */
  signal(wanted: Signal): Promise<readonly Value[]>;
  close(): void;
}

/** How a method answered that did not do what was asked. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** For example `org.freedesktop.DBus.Error.ServiceUnknown`. */
  readonly error: string;

  constructor(error: string) {
    super('a D-Bus method answered with an error');
    this.error = error;
  }
}

/** `absent`: nothing listens there. `refused`: it does not want us. `broken`: it went away, or speaks no D-Bus. */
export class BusFailure extends Error {
  override readonly name = 'BusFailure';
  readonly kind: 'absent' | 'refused' | 'broken';

  constructor(kind: BusFailure['kind'], cause?: unknown) {
    super('the message bus failed', cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

const BUS_NAME = 'org.freedesktop.DBus';
export const toTheBus = { destination: BUS_NAME, path: '/org/freedesktop/DBus', interface: BUS_NAME };

interface Waiting {
  resolve(values: readonly Value[]): void;
  reject(why: unknown): void;
}

const HELLO: Call = { ...toTheBus, member: 'Hello' };
const MAX_AUTH_LINE = 16 * 1024;

/**
 * Connects to a message bus as the user this process runs as: SASL EXTERNAL, which has the kernel name us ("Authentication
 * Protocol" in the D-Bus specification). Nothing here blocks, and all of it ends with `close()`.
 *
 * @param path of a Unix socket; an abstract one begins with a zero byte
 */
export function connectBus(path: string, uid: number): Bus {
  const socket = createConnection(path);
  const waiting = new Map<number, Waiting>();
  const listening = new Set<Waiting & { readonly wanted: Signal }>();
  let received: Buffer = Buffer.alloc(0);
  let unsent: Buffer[] | null = [];
  let serial = 0;
  let failed: BusFailure | null = null;
  let connected = false;

  function fail(failure: BusFailure): void {
    failed ??= failure;
    socket.destroy();
    for (const { reject } of [...waiting.values(), ...listening]) reject(failed);
    waiting.clear();
    listening.clear();
  }

  /** A bus that turns somebody away may do so before it has said a word. */
  const hangingUp = () => (unsent === null ? 'broken' : 'refused');

  function call({ signature, body = [], ...where }: Call): Promise<readonly Value[]> {
    return new Promise((resolve, reject) => {
      if (failed !== null) return reject(failed);
      serial += 1;
      waiting.set(serial, { resolve, reject });
      const fields = signature === undefined ? where : { ...where, signature };
      const bytes = encodeMessage({ type: METHOD_CALL, serial, fields, body });
      if (unsent === null) socket.write(bytes);
      else unsent.push(bytes);
    });
  }

  /** @returns whether the bus has let us in */
  function authenticate(): boolean {
    const end = received.indexOf('\r\n');
    if (end === -1) {
      if (received.length > MAX_AUTH_LINE) fail(new BusFailure('broken'));
      return false;
    }
    const line = received.toString('latin1', 0, end);
    received = received.subarray(end + 2);
    if (!line.startsWith('OK ')) {
      fail(new BusFailure('refused'));
      return false;
    }
    socket.write(Buffer.concat([Buffer.from('BEGIN\r\n', 'latin1'), ...(unsent ?? [])]));
    unsent = null;
    return true;
  }

  function takeMessages(): void {
    for (let next = decodeMessage(received); next !== null; next = decodeMessage(received)) {
      received = received.subarray(next.length);
      if (next.message.type === SIGNAL) takeSignal(next.message);
      else takeReply(next.message);
    }
  }

  function takeReply({ type, fields, body }: Message): void {
    const asker = waiting.get(Number(fields.replySerial));
    waiting.delete(Number(fields.replySerial));
    if (type === METHOD_RETURN) asker?.resolve(body);
    else asker?.reject(new CallFailure(String(fields.errorName)));
  }

  function takeSignal({ fields, body }: Message): void {
    for (const listener of listening) {
      const { path, interface: api, member } = listener.wanted;
      if (fields.path !== path || fields.interface !== api || fields.member !== member) continue;
      listening.delete(listener);
      listener.resolve(body);
    }
  }

  socket.on('connect', () => {
    connected = true;
    const name = Buffer.from(String(uid), 'latin1').toString('hex');
    socket.write(`\0AUTH EXTERNAL ${name}\r\n`, 'latin1');
  });
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    try {
      if (unsent === null || authenticate()) takeMessages();
    } catch (failure) {
      fail(new BusFailure('broken', failure));
    }
  });
  socket.on('error', (failure: NodeJS.ErrnoException) => {
    const refused = failure.code === 'EACCES' || failure.code === 'EPERM';
    fail(new BusFailure(connected ? hangingUp() : refused ? 'refused' : 'absent', failure));
  });
  socket.on('close', () => fail(new BusFailure(hangingUp())));

  const ready = call(HELLO);
  ready.catch(() => undefined);
  return {
    ready,
    call,
    signal: (wanted) =>
      new Promise((resolve, reject) => {
        if (failed !== null) reject(failed);
        else listening.add({ wanted, resolve, reject });
      }),
    close: () => fail(new BusFailure('broken')),
  };
}
