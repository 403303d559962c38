import { beginTransfer, type Transfer } from '../../crypto/secret-transfer.js';
import { type Bus, CallFailure, toTheBus } from './dbus.js';
import type { Value, Variant } from './dbus-values.js';

/*
 * What this program asks of a Secret Service, in the words of the Secret Service API 0.2 (specifications.freedesktop.org).
 * Nothing is changed here, and nobody is asked for a password except by `unlock`.
 */

export const SECRET_SERVICE = 'org.freedesktop.secrets';

const ROOT = '/org/freedesktop/secrets';
const API = 'org.freedesktop.Secret';
const NO_OBJECT = '/';
const ENCRYPTED = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';
const NOT_SUPPORTED = 'org.freedesktop.DBus.Error.NotSupported';

export type Lookup =
  | { readonly state: 'found'; readonly value: string }
  | { readonly state: 'missing' }
  /** It may be there when these paths, of items or of a keyring, have been unlocked. */
  | { readonly state: 'locked'; readonly paths: readonly string[] };

/** Where a new item would go. */
export type DefaultKeyring =
  | { readonly state: 'open' | 'none' }
  | { readonly state: 'locked'; readonly paths: readonly string[] };

/**
 * Looks an item up. It is found as it is by libsecret: the first unlocked one that has these attributes.
 *
 * @throws CallFailure and BusFailure, as `Bus`
 */
export async function lookUp(bus: Bus, attributes: Readonly<Record<string, string>>): Promise<Lookup> {
  const [session, [unlocked, locked]] = await Promise.all([
    openSession(bus),
    onService(bus, 'SearchItems', 'a{ss}', [Object.entries(attributes)]),
  ]);
  const [item] = unlocked as readonly string[];
  if (item !== undefined) return { state: 'found', value: await readItem(bus, item, session) };
  const paths = locked as readonly string[];
  if (paths.length > 0) return { state: 'locked', paths };
  // Some services do not know what is in a keyring before it is unlocked.
  const keyring = await defaultKeyring(bus);
  return keyring.state === 'locked' ? keyring : { state: 'missing' };
}

/** @throws CallFailure and BusFailure, as `Bus` */
export async function defaultKeyring(bus: Bus): Promise<DefaultKeyring> {
  const [path] = (await onService(bus, 'ReadAlias', 's', ['default'])) as [string];
  if (path === NO_OBJECT) return { state: 'none' };
  const [locked] = (await bus.call({
    destination: SECRET_SERVICE,
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [`${API}.Collection`, 'Locked'],
  })) as [Variant];
  return locked.value === true ? { state: 'locked', paths: [path] } : { state: 'open' };
}

/**
 * Has the service ask the person for what it needs to unlock these; the wait is as long as the person takes.
 *
 * @returns false when the prompt was dismissed, or could not be shown
 * @throws CallFailure and BusFailure, as `Bus`
 */
export async function unlock(bus: Bus, paths: readonly string[]): Promise<boolean> {
  const [, path] = (await onService(bus, 'Unlock', 'ao', [paths])) as [Value, string];
  if (path === NO_OBJECT) return true;
  const prompt = { path, interface: `${API}.Prompt` };
  const rule = `type='signal',path='${path}',interface='${prompt.interface}',member='Completed'`;
  const completed = bus.signal({ ...prompt, member: 'Completed' });
  const [[dismissed]] = await Promise.all([
    completed,
    bus.call({ ...toTheBus, member: 'AddMatch', signature: 's', body: [rule] }),
    bus.call({ ...prompt, destination: SECRET_SERVICE, member: 'Prompt', signature: 's', body: [''] }),
  ]);
  return dismissed === false;
}

/** @returns the id of the process that is the Secret Service. @throws CallFailure where there is none */
export function processOfSecretService(bus: Bus): Promise<number> {
  return processOf(bus, SECRET_SERVICE);
}

/** @returns the ids of the processes that an answer takes: the bus and the Secret Service, as far as the bus tells */
export async function processesBehind(bus: Bus): Promise<readonly number[]> {
  const names = [toTheBus.destination, SECRET_SERVICE];
  const asked = await Promise.allSettled(names.map((name) => processOf(bus, name)));
  return asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

async function processOf(bus: Bus, name: string): Promise<number> {
  const [pid] = await bus.call({
    ...toTheBus,
    member: 'GetConnectionUnixProcessID',
    signature: 's',
    body: [name],
  });
  return Number(pid);
}

/** How a secret travels within one connection. */
interface Session {
  readonly path: string;
  open(parameters: Buffer, value: Buffer): Buffer;
}

/** Encrypted where both sides can, as libsecret does; the bus is the user's own in any case. */
async function openSession(bus: Bus): Promise<Session> {
  const transfer = tryTransfer();
  if (transfer === null) return openPlainSession(bus);
  try {
    const input = { type: 'ay', value: transfer.publicKey };
    const [output, path] = (await onService(bus, 'OpenSession', 'sv', [ENCRYPTED, input])) as [
      Variant,
      string,
    ];
    return { path, open: (iv, sealed) => transfer.open(output.value as Buffer, iv, sealed) };
  } catch (failure) {
    if (!(failure instanceof CallFailure) || failure.error !== NOT_SUPPORTED) throw failure;
    return openPlainSession(bus);
  }
}

function tryTransfer(): Transfer | null {
  try {
    return beginTransfer();
  } catch {
    return null;
  }
}

async function openPlainSession(bus: Bus): Promise<Session> {
  const [, path] = await onService(bus, 'OpenSession', 'sv', ['plain', { type: 's', value: '' }]);
  return { path: path as string, open: (_parameters, value) => value };
}

async function readItem(bus: Bus, item: string, session: Session): Promise<string> {
  const [secret] = await bus.call({
    destination: SECRET_SERVICE,
    path: item,
    interface: `${API}.Item`,
    member: 'GetSecret',
    signature: 'o',
    body: [session.path],
  });
  const [, parameters, value] = secret as readonly [string, Buffer, Buffer, string];
  const opened = session.open(parameters, value);
  const text = opened.toString('utf8');
  opened.fill(0);
  return text;
}

function onService(bus: Bus, member: string, signature: string, body: readonly Value[]) {
  return bus.call({
    destination: SECRET_SERVICE,
    path: ROOT,
    interface: `${API}.Service`,
    member,
    signature,
    body,
  });
}
