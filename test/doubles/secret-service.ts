import { once } from 'node:events';
import { createConnection } from 'node:net';
import {
  decodeMessage,
  ERROR,
  encodeMessage,
  METHOD_CALL,
  METHOD_RETURN,
  type Message,
  SIGNAL,
  type Value,
  type Variant,
} from '../../src/system/keychain/dbus-message.js';

/** How it misbehaves. What it is not told to do wrong it does as a Secret Service with one item does. */
export interface Manners {
  /** Methods that it never answers; `all` for every one. */
  readonly silent?: readonly string[];
  /** Methods that it answers with an error of this name. */
  readonly errors?: Readonly<Record<string, string>>;
  /** The one item that it has; without one it has none. */
  readonly secret?: string;
  /** `items`: the item is found and locked. `keyring`: nothing is found before the keyring is unlocked. */
  readonly locked?: 'items' | 'keyring';
  /** How its prompt ends; it is never answered when left out. */
  readonly prompt?: 'unlocks' | 'is dismissed';
  readonly noKeyring?: boolean;
}

export interface FakeSecretService {
  /** The methods that were called, in order. */
  readonly calls: string[];
  close(): void;
}

const API = 'org.freedesktop.Secret';
const KEYRING = '/org/freedesktop/secrets/collection/login';
const ITEM = `${KEYRING}/1`;
const PROMPT = '/org/freedesktop/secrets/prompt/1';

/** The Secret Service of a real bus, that does as it is told. It knows no encryption. */
export async function fakeSecretService(socket: string, manners: Manners): Promise<FakeSecretService> {
  const stream = createConnection(socket);
  const calls: string[] = [];
  let locked = manners.locked;
  let serial = 0;
  let received = Buffer.alloc(0);
  const send = (message: Omit<Message, 'serial'>) => {
    serial += 1;
    stream.write(encodeMessage({ ...message, serial }));
  };
  const callBus = (member: string, signature: string, body: readonly Value[]) => {
    const name = 'org.freedesktop.DBus';
    const fields = { destination: name, path: '/org/freedesktop/DBus', interface: name, member };
    send({ type: METHOD_CALL, fields: signature === '' ? fields : { ...fields, signature }, body });
  };

  const variant = (type: string, value: Value): Variant => ({ type, value });
  const answers: Record<string, (body: readonly Value[]) => readonly [string, ...Value[]]> = {
    OpenSession: () => ['vo', variant('s', ''), '/org/freedesktop/secrets/session/1'],
    SearchItems() {
      const found = manners.secret === undefined || locked === 'keyring' ? [] : [ITEM];
      return locked === undefined ? ['aoao', found, []] : ['aoao', [], found];
    },
    ReadAlias: () => ['o', manners.noKeyring === true ? '/' : KEYRING],
    Get: () => ['v', variant('b', locked !== undefined)],
    GetSecret: ([session]) => [
      '(oayays)',
      [session as string, Buffer.alloc(0), Buffer.from(manners.secret ?? ''), 'text/plain'],
    ],
    Unlock: () => ['aoo', [], PROMPT],
    Prompt() {
      if (manners.prompt !== undefined) setImmediate(completePrompt);
      return [''];
    },
  };

  function completePrompt(): void {
    const dismissed = manners.prompt === 'is dismissed';
    if (!dismissed) locked = undefined;
    const fields = { path: PROMPT, interface: `${API}.Prompt`, member: 'Completed', signature: 'bv' };
    send({ type: SIGNAL, fields, body: [dismissed, variant('s', '')] });
  }

  function answer({ serial: replySerial, fields, body }: Message): void {
    const member = String(fields.member);
    calls.push(member);
    if (manners.silent?.includes(member) || manners.silent?.includes('all')) return;
    const to = { replySerial, destination: fields.sender as string };
    const encrypted = member === 'OpenSession' && body[0] !== 'plain';
    const error = encrypted ? 'org.freedesktop.DBus.Error.NotSupported' : manners.errors?.[member];
    const [signature, ...values] = answers[member]?.(body) ?? [''];
    if (error === undefined) send({ type: METHOD_RETURN, fields: { ...to, signature }, body: values });
    else send({ type: ERROR, fields: { ...to, errorName: error }, body: [] });
  }

  stream.write(`\0AUTH EXTERNAL ${Buffer.from(String(process.getuid?.())).toString('hex')}\r\n`);
  const [welcome] = (await once(stream, 'data')) as [Buffer];
  if (!welcome.toString('latin1').startsWith('OK '))
    throw new Error('the bus refuses the fake Secret Service');
  stream.write('BEGIN\r\n');
  const named = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let next = decodeMessage(received); next !== null; next = decodeMessage(received)) {
        received = received.subarray(next.length);
        if (next.message.type === METHOD_CALL) answer(next.message);
        if (next.message.type === METHOD_RETURN && next.message.fields.replySerial === 2) resolve();
      }
    });
  });
  callBus('Hello', '', []);
  callBus('RequestName', 'su', ['org.freedesktop.secrets', 0]);
  await named;
  return { calls, close: () => stream.destroy() };
}
