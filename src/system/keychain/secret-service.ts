import { readFileSync } from 'node:fs';
import { beginTransfer } from '../../crypto/secret-transfer.js';
import { orElse } from '../../domain/errors.js';
import { KeychainFailure } from './contract.js';
import { type Bus, BusFailure, CallFailure, toTheBus } from './dbus.js';
import type { Value, Variant } from './dbus-message.js';

/*
 * The calls of the Secret Service API 0.2 (specifications.freedesktop.org) that this program needs. Nothing is changed
 * here, and only `unlock` prompts the user.
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
  /** It may exist in these locked items or keyrings. */
  | { readonly state: 'locked'; readonly paths: readonly string[] };

/** The keyring of a new item. */
export type DefaultKeyring =
  | { readonly state: 'open' | 'none' }
  | { readonly state: 'locked'; readonly paths: readonly string[] };

/**
 * Finds an item as libsecret does: the first unlocked one with these attributes.
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
  // Some services do not know the items of a locked keyring.
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
 * Has the service prompt the user to unlock these paths, and waits for the user.
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

/** @returns the id of the process that is the Secret Service. @throws CallFailure when there is none */
export async function processOfSecretService(bus: Bus): Promise<number> {
  const member = 'GetConnectionUnixProcessID';
  const [pid] = await bus.call({ ...toTheBus, member, signature: 's', body: [SECRET_SERVICE] });
  return Number(pid);
}

/** How secrets are encrypted within one connection. */
interface Session {
  readonly path: string;
  open(parameters: Buffer, value: Buffer): Buffer;
}

/** Encrypted when both sides can, as with libsecret; the bus is the user's own in any case. */
async function openSession(bus: Bus): Promise<Session> {
  const transfer = orElse(beginTransfer, null);
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

/* Failures of the bus and the service become a kind, a reason and a step that helps. */

const NAME = `the Secret Service (${SECRET_SERVICE})`;

/** Error names, by their ends. Others mean that the service does not work. */
const ERRORS: readonly (readonly [RegExp, KeychainFailure['kind'], about: string])[] = [
  [
    /\.(ServiceUnknown|NameHasNoOwner)$/,
    'unavailable',
    `nothing on the session bus offers ${SECRET_SERVICE}`,
  ],
  [/\.Error\.Spawn\./, 'unavailable', `the session bus could not start ${NAME}`],
  [/\.(NoReply|Disconnected)$/, 'unavailable', `${NAME} ended before it answered`],
  [/\.(TimedOut|Timeout)$/, 'timed_out', `${NAME} did not answer the session bus in time`],
  [/\.(AccessDenied|AuthFailed)$/, 'denied', `${NAME} denies access`],
  [/\.IsLocked$/, 'locked', `${NAME} is locked`],
];

const BUS = {
  absent: ['bus_missing', 'does not answer'],
  refused: ['bus_missing', 'refuses this user'],
  broken: ['unavailable', 'broke off, or is not a message bus'],
} as const;

/** @param where the bus is, in a form to print */
export function failureFrom(failure: unknown, where: string): KeychainFailure {
  if (failure instanceof KeychainFailure) return failure;
  if (failure instanceof CallFailure) {
    const [, kind, about] = ERRORS.find(([pattern]) => pattern.test(failure.error)) ?? [];
    return new KeychainFailure(kind ?? 'unavailable', {
      about: about ?? `${NAME} answered with an error`,
      cause: failure,
    });
  }
  if (failure instanceof BusFailure) {
    const [kind, says] = BUS[failure.kind];
    return new KeychainFailure(kind, { about: `the session bus at ${where} ${says}`, cause: failure });
  }
  return new KeychainFailure('unavailable', {
    about: `${NAME} gave an invalid answer`,
    cause: failure,
  });
}

/**
 * Names the process that does not answer; only the bus knows it.
 *
 * @param within the time it had, in words
 */
export async function hungService(bus: Bus, within: string): Promise<KeychainFailure> {
  const said = `did not answer ${within}`;
  try {
    const pid = await processOfSecretService(bus);
    const { name, stopped } = aboutProcess(pid);
    return new KeychainFailure('timed_out', {
      about: `${NAME}, ${name}, ${said}`,
      remedy: stopped
        ? `it was stopped; to continue it: kill -CONT ${pid}`
        : `end it; the session bus starts it again when needed: kill -9 ${pid}`,
    });
  } catch (cause) {
    return new KeychainFailure('timed_out', { about: `${NAME} ${said}`, cause });
  }
}

/** Its name and its state, from `/proc/pid/stat` (proc(5)). */
function aboutProcess(pid: number): { readonly name: string; readonly stopped: boolean } {
  // Not every system has /proc.
  const stat = orElse(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '');
  const [, name = '', state] = /\((.*)\) (.) /s.exec(stat) ?? [];
  return { name: name === '' ? `process ${pid}` : `process ${pid} (${name})`, stopped: state === 'T' };
}
