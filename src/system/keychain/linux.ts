import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { SECOND } from '../../domain/duration.js';
import type { Host } from '../contract.js';
import { sleepFairly } from '../fair-wait.js';
import { type Keychain, KeychainFailure, type KeychainParts } from './contract.js';
import { type Bus, connectBus } from './dbus.js';
import type { HelperRequest } from './helper.js';
import {
  defaultKeyring,
  hungService,
  lookUp,
  processesBehind,
  troubleFrom,
  unlock,
} from './secret-service.js';

/** One connection to the bus, for one question. */
interface BusSession {
  readonly bus: Bus;
  /** The socket, as it may be shown. */
  readonly where: string;
  /** A person has the password prompt before them. */
  asking: boolean;
  /** The processes that have to do something for an answer, as far as they are known. */
  processes: readonly number[];
}

/** Most answers come sooner, and then nobody has to know which processes give them. */
const FIRST_DOUBT = SECOND / 5;
/** How long the bus itself may take to tell which process it is that does not answer. */
const LAST_WORD = SECOND / 4;
const NEW_SESSION = 'log out of the desktop and in again, which starts the session bus anew';

/**
 * The Secret Service. It is read over the session bus, where every wait can be given up. Writing is keytar's, in a process
 * that can be killed: so an item is always made as other programs that use libsecret make and find theirs.
 */
export function secretServiceKeychain({ host, clock, patience, person, notice }: KeychainParts): Keychain {
  function sessionBus(): SessionBus {
    const found = findSessionBus(host);
    if (found === null) throw noSessionBus(host);
    return found;
  }

  /** Works on the bus for as long as there is patience: a person, if there is one, may be asked for a password. */
  async function onBus<T>(path: string, work: (session: BusSession) => Promise<T>): Promise<T> {
    const bus = connectBus(path, host.uid ?? 0);
    const session = { bus, where: path.replace('\0', '@'), asking: false, processes: [] };
    const done = new AbortController();
    try {
      const end = AbortSignal.any([done.signal, host.interruption]);
      return await Promise.race([work(session), outOfPatience(session, end)]);
    } catch (failure) {
      host.interruption.throwIfAborted();
      throw troubleFrom(failure, session.where);
    } finally {
      done.abort();
      bus.close();
    }
  }

  async function outOfPatience(session: BusSession, end: AbortSignal): Promise<never> {
    const waited = await sleepThrough(session, end);
    const within = `within ${waited / SECOND} seconds`;
    if (session.asking)
      throw new KeychainFailure('locked', { about: `nobody answered its password prompt ${within}` });
    const about = `the session bus at ${session.where} did not answer ${within}`;
    const lastWord = clock
      .sleep(LAST_WORD, end)
      .then(() => Promise.reject(new KeychainFailure('timed_out', { about, remedy: NEW_SESSION })));
    throw await Promise.race([session.bus.ready.then(() => hungService(session.bus, within)), lastWord]);
  }

  /** @returns how long that was, in milliseconds */
  async function sleepThrough(session: BusSession, end: AbortSignal): Promise<number> {
    const processes = () => session.processes;
    await sleepFairly(clock, FIRST_DOUBT, processes, end);
    void processesBehind(session.bus).then((known) => {
      session.processes = known;
    });
    await sleepFairly(clock, patience.alone - FIRST_DOUBT, processes, end);
    if (!person()) return patience.alone;
    if (!session.asking)
      notice('still waiting for the keychain: it may be asking for its password in a window of its own');
    await sleepFairly(clock, patience.withPerson - patience.alone, processes, end);
    return patience.withPerson;
  }

  /** @returns after it has been unlocked by a person */
  async function unlocked(session: BusSession, paths: readonly string[]): Promise<void> {
    if (!person()) throw new KeychainFailure('locked');
    notice('the keychain is locked: it asks for its password in a window of its own');
    session.asking = true;
    const done = await unlock(session.bus, paths);
    session.asking = false;
    if (done) return;
    throw new KeychainFailure('denied', {
      about: 'its password prompt was dismissed, or there is no desktop to show it on',
    });
  }

  async function find(
    session: BusSession,
    attributes: { readonly service: string; readonly account: string },
  ) {
    const found = await lookUp(session.bus, attributes);
    if (found.state !== 'locked') return found;
    await unlocked(session, found.paths);
    const again = await lookUp(session.bus, attributes);
    if (again.state === 'locked') throw new KeychainFailure('locked');
    return again;
  }

  /** A prompt for a new keyring's password is the one that libsecret still shows. */
  async function readyToStore(session: BusSession): Promise<void> {
    const keyring = await defaultKeyring(session.bus);
    if (keyring.state === 'locked') await unlocked(session, keyring.paths);
    if (keyring.state !== 'none' || person()) return;
    throw new KeychainFailure('unavailable', {
      about: 'the Secret Service has no keyring yet, and a person has to choose the password of a new one',
    });
  }

  /** @param others the processes it will have to wait for, as far as they are known */
  async function throughHelper(bus: SessionBus, request: HelperRequest, others: readonly number[] = []) {
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const { callHelper } = await import('./helper.js');
    const limit = person() ? patience.withPerson : patience.alone;
    const timedOut = new AbortController();
    const done = new AbortController();
    const processes = [...others];
    sleepFairly(clock, limit, () => processes, done.signal).then(
      () => timedOut.abort(hungHelper(limit)),
      () => undefined,
    );
    try {
      const env = { ...host.env, DBUS_SESSION_BUS_ADDRESS: bus.address };
      const end = AbortSignal.any([timedOut.signal, host.interruption]);
      return await callHelper(host.self, env, request, (pid) => processes.push(pid), end);
    } catch (failure) {
      if (!(failure instanceof KeychainFailure) || failure.about !== null) throw failure;
      const { kind, remedy, cause } = failure;
      throw new KeychainFailure(kind, { about: `the session bus is at ${bus.address}`, remedy, cause });
    } finally {
      done.abort();
    }
  }

  return {
    async read(service, account) {
      const bus = sessionBus();
      if (bus.socket === null) {
        const value = await throughHelper(bus, { action: 'read', service, account, value: null });
        return typeof value === 'string' ? value : null;
      }
      const found = await onBus(bus.socket, (session) => find(session, { service, account }));
      return found.state === 'found' ? found.value : null;
    },

    async write(service, account, value) {
      const bus = sessionBus();
      const request = { action: 'write', service, account, value } as const;
      if (bus.socket === null) return void (await throughHelper(bus, request));
      const processes = await onBus(bus.socket, async (session) => {
        await readyToStore(session);
        return processesBehind(session.bus);
      });
      await throughHelper(bus, request, processes);
    },

    async remove(service, account) {
      const bus = sessionBus();
      const request = { action: 'remove', service, account, value: null } as const;
      if (bus.socket === null) return (await throughHelper(bus, request)) === true;
      const processes = await onBus(bus.socket, async (session) => {
        const found = await find(session, { service, account });
        return found.state === 'missing' ? null : processesBehind(session.bus);
      });
      return processes !== null && (await throughHelper(bus, request, processes)) === true;
    },
  };
}

function noSessionBus({ env, uid }: KeychainParts['host']): KeychainFailure {
  const person = env['SUDO_USER'];
  if (uid === 0 && person !== undefined && person !== 'root') {
    return new KeychainFailure('bus_missing', {
      about: `this runs as root, and the keychain belongs to ${person}`,
      remedy: `run it as ${person}, without sudo`,
    });
  }
  const sockets = runtimeFolders({ env, uid }).map((folder) => `${folder}/bus`);
  return new KeychainFailure('bus_missing', {
    about: `DBUS_SESSION_BUS_ADDRESS is not set, and no session bus of this user is at ${sockets.join(' or ')}`,
  });
}

function hungHelper(waited: number): KeychainFailure {
  return new KeychainFailure('timed_out', {
    about: `the Secret Service (org.freedesktop.secrets) was not done within ${waited / SECOND} seconds`,
  });
}

/** Where the user's session bus is. */
export interface SessionBus {
  /** As in `DBUS_SESSION_BUS_ADDRESS`. */
  readonly address: string;
  /** The Unix socket of the address, abstract with a leading zero byte; null where it is reached in another way. */
  readonly socket: string | null;
}

type BusEnv = Pick<Host, 'env' | 'uid'>;

/**
 * Finds the bus where a shell of the user would: in `DBUS_SESSION_BUS_ADDRESS`, else at `bus` in the folder that the
 * login manager makes for each user, where cron, timers and `env -i` leave it unnamed (sd_bus_open_user(3) does the
 * same). A socket that is not the user's own is none.
 *
 * @returns null where there is none
 */
export function findSessionBus({ env, uid }: BusEnv): SessionBus | null {
  const given = env['DBUS_SESSION_BUS_ADDRESS'];
  if (given !== undefined && given !== '') return { address: given, socket: socketOf(given) };
  const found = runtimeFolders({ env, uid })
    .map((folder) => posix.join(folder, 'bus'))
    .find((path) => isOwnSocket(path, uid));
  return found === undefined ? null : { address: `unix:path=${escaped(found)}`, socket: found };
}

/** The folders that may hold an unnamed session bus, the likelier first. */
export function runtimeFolders({ env, uid }: BusEnv): string[] {
  const given = env['XDG_RUNTIME_DIR'];
  const usual = uid === undefined ? [] : [`/run/user/${uid}`];
  return given?.startsWith('/') && !usual.includes(given) ? [given, ...usual] : usual;
}

/**
 * The first socket of a list of addresses ("Server Addresses" in the D-Bus specification): `unix:path=/run/user/1/bus,guid=…`.
 * An abstract name is not told from a path by Node unless it begins with a zero byte.
 */
function socketOf(addresses: string): string | null {
  for (const address of addresses.split(';')) {
    if (!address.startsWith('unix:')) continue;
    const pairs = address.slice('unix:'.length).split(',');
    const values = new Map(pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));
    const path = values.get('path');
    if (path !== undefined) return unescaped(path);
    const abstract = values.get('abstract');
    if (abstract !== undefined) return `\0${unescaped(abstract)}`;
  }
  return null;
}

function unescaped(value: string): string {
  const bytes = value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytes === value ? value : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Bytes that need no escape in an address are few. */
function escaped(path: string): string {
  return [...Buffer.from(path, 'utf8')]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[-0-9A-Za-z_/.\\*]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

function isOwnSocket(path: string, uid: number | undefined): boolean {
  try {
    const found = lstatSync(path);
    return found.isSocket() && found.uid === uid;
  } catch {
    return false;
  }
}
