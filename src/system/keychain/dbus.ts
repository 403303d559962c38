import { createConnection } from 'node:net';
import { codeOf } from '../../domain/errors.js';
import {
  decodeMessage,
  encodeMessage,
  METHOD_CALL,
  METHOD_RETURN,
  type Message,
  SIGNAL,
  type Value,
} from './dbus-message.js';

/** A method call; its reply is the list of values that the method returns. */
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
export type Bus = ReturnType<typeof connectBus>;

/** A method answered with an error. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  /** For example `org.freedesktop.DBus.Error.ServiceUnknown`. */
  readonly error: string;

  constructor(error: string) {
    super('a D-Bus method answered with an error');
    this.error = error;
  }
}

/** `absent`: nothing listens there. `refused`: this user may not connect. `broken`: it disconnected, or speaks no D-Bus. */
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
 * Connects to a message bus as the user this process runs as: SASL EXTERNAL, where the kernel names the user ("Authentication
 * Protocol" in the D-Bus specification). Nothing here blocks, and all of it ends with `close()`.
 *
 * @param path of a Unix socket; an abstract one begins with a zero byte
 */
export function connectBus(path: string, uid: number) {
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

  /** A bus may refuse a user by closing the connection before it sends anything. */
  const closeKind = () => (unsent === null ? 'broken' : 'refused');

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

  /** @returns whether the bus has accepted this user */
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
      const { type, fields, body } = next.message;
      if (type === SIGNAL) {
        takeSignal(next.message);
        continue;
      }
      const caller = waiting.get(Number(fields.replySerial));
      waiting.delete(Number(fields.replySerial));
      if (type === METHOD_RETURN) caller?.resolve(body);
      else caller?.reject(new CallFailure(String(fields.errorName)));
    }
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
  socket.on('error', (failure) => {
    const refused = ['EACCES', 'EPERM'].includes(codeOf(failure));
    fail(new BusFailure(connected ? closeKind() : refused ? 'refused' : 'absent', failure));
  });
  socket.on('close', () => fail(new BusFailure(closeKind())));

  const ready = call(HELLO);
  ready.catch(() => undefined);
  return {
    /** Settles when the bus has accepted this user; rejects with {@link BusFailure}. */
    ready,
    /**
     * May be called before the bus is ready: then the call goes out with the greeting.
     *
     * @throws CallFailure when the other side answers with an error
     * @throws BusFailure when the connection fails or is closed
     */
    call,
    /**
     * The body of the next signal of this kind, which the caller also has to ask the bus for, with `AddMatch`.
     *
     * @throws BusFailure as `call`
     */
    signal: (wanted: Signal) =>
      new Promise<readonly Value[]>((resolve, reject) => {
        if (failed !== null) reject(failed);
        else listening.add({ wanted, resolve, reject });
      }),
    close: () => fail(new BusFailure('broken')),
  };
}
