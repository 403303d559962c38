import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import { SECOND } from '../../domain/duration.js';
import { orElse } from '../../domain/errors.js';
import { withDeadline } from '../../domain/waiting.js';
import type { Host } from '../contract.js';
import { type Keychain, KeychainFailure, type KeychainParts } from './contract.js';
import { type Bus, connectBus } from './dbus.js';
import type { HelperRequest } from './helper.js';
import {
  defaultKeyring,
  failureFrom,
  hungService,
  lookUp,
  SECRET_SERVICE,
  unlock,
} from './secret-service.js';

/** One connection to the bus, for one call. */
interface BusSession {
  readonly bus: Bus;
  /** The socket, in a form to print. */
  readonly where: string;
  /** The user sees the password prompt. */
  prompting: boolean;
}

/** How long the bus may take to name the process that does not answer. */
const NAMING_TIMEOUT = SECOND / 4;

/**
 * The Secret Service. Reads go over the session bus, where every wait can be cancelled. Writes go through keytar, in a
 * process that can be killed: so items have the form that other users of libsecret write and find.
 */
export function secretServiceKeychain(parts: KeychainParts): Keychain {
  const { host, clock, timeouts, interactive, notice } = parts;

  function sessionBus(): SessionBus {
    const found = findSessionBus(host);
    if (found === null) throw noSessionBus(host);
    return found;
  }

  async function onBus<T>(path: string, work: (session: BusSession) => Promise<T>): Promise<T> {
    const bus = connectBus(path, host.uid ?? 0);
    const session = { bus, where: path.replace('\0', '@'), prompting: false };
    const done = new AbortController();
    try {
      const end = AbortSignal.any([done.signal, host.interruption]);
      return await Promise.race([work(session), timeOut(session, end)]);
    } catch (failure) {
      host.interruption.throwIfAborted();
      throw failureFrom(failure, session.where);
    } finally {
      done.abort();
      bus.close();
    }
  }

  /** Always throws. Whether a user is present is checked late, because a stream costs time when it is first used. */
  async function timeOut(session: BusSession, end: AbortSignal): Promise<never> {
    let waited = timeouts.alone;
    await clock.sleep(waited, end);
    if (interactive()) {
      if (!session.prompting)
        notice('still waiting for the keychain: it may be asking for its password in its own window');
      await clock.sleep(timeouts.interactive - waited, end);
      waited = timeouts.interactive;
    }
    const within = `within ${waited / SECOND} seconds`;
    if (session.prompting)
      throw new KeychainFailure('locked', { about: `its password prompt was not answered ${within}` });
    throw await withDeadline(
      clock,
      NAMING_TIMEOUT,
      session.bus.ready.then(() => hungService(session.bus, within)),
      () =>
        new KeychainFailure('timed_out', {
          about: `the session bus at ${session.where} did not answer ${within}`,
          remedy: 'log out of the desktop and in again, which restarts the session bus',
        }),
      end,
    );
  }

  async function unlockByUser(session: BusSession, paths: readonly string[]): Promise<void> {
    if (!interactive()) throw new KeychainFailure('locked');
    notice('the keychain is locked: it asks for its password in its own window');
    session.prompting = true;
    const done = await unlock(session.bus, paths);
    session.prompting = false;
    if (done) return;
    throw new KeychainFailure('denied', {
      about: 'its password prompt was dismissed, or there is no desktop to show it on',
    });
  }

  async function find(session: BusSession, service: string, account: string) {
    const found = await lookUp(session.bus, { service, account });
    if (found.state !== 'locked') return found;
    await unlockByUser(session, found.paths);
    const unlocked = await lookUp(session.bus, { service, account });
    if (unlocked.state === 'locked') throw new KeychainFailure('locked');
    return unlocked;
  }

  /** libsecret itself shows the prompt for the password of a new keyring. */
  async function prepareToStore(session: BusSession): Promise<void> {
    const keyring = await defaultKeyring(session.bus);
    if (keyring.state === 'locked') await unlockByUser(session, keyring.paths);
    if (keyring.state !== 'none' || interactive()) return;
    throw new KeychainFailure('unavailable', {
      about: 'the Secret Service has no keyring yet, and only a user can choose the password of a new one',
    });
  }

  async function throughHelper(bus: SessionBus, request: HelperRequest) {
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const { callHelper } = await import('./helper.js');
    const limit = timeouts[interactive() ? 'interactive' : 'alone'];
    const end = new AbortController();
    const signal = AbortSignal.any([end.signal, host.interruption]);
    const env = { ...host.env, DBUS_SESSION_BUS_ADDRESS: bus.address };
    const late = () => {
      throw new KeychainFailure('timed_out', {
        about: `the Secret Service (${SECRET_SERVICE}) was not done within ${limit / SECOND} seconds`,
      });
    };
    try {
      return await withDeadline(clock, limit, callHelper(host.self, env, request, signal), late, signal);
    } catch (failure) {
      if (!(failure instanceof KeychainFailure) || failure.about !== null) throw failure;
      const { kind, remedy, cause } = failure;
      throw new KeychainFailure(kind, { about: `the session bus is at ${bus.address}`, remedy, cause });
    } finally {
      end.abort();
    }
  }

  return {
    async read(service, account) {
      const bus = sessionBus();
      if (bus.socket === null) {
        const value = await throughHelper(bus, { action: 'read', service, account, value: null });
        return typeof value === 'string' ? value : null;
      }
      const found = await onBus(bus.socket, (session) => find(session, service, account));
      return found.state === 'found' ? found.value : null;
    },

    async write(service, account, value) {
      const bus = sessionBus();
      if (bus.socket !== null) await onBus(bus.socket, prepareToStore);
      await throughHelper(bus, { action: 'write', service, account, value });
    },

    async remove(service, account) {
      const bus = sessionBus();
      if (bus.socket !== null) {
        const found = await onBus(bus.socket, (session) => find(session, service, account));
        if (found.state === 'missing') return false;
      }
      return (await throughHelper(bus, { action: 'remove', service, account, value: null })) === true;
    },
  };
}

function noSessionBus({ env, uid }: BusEnv): KeychainFailure {
  const user = env['SUDO_USER'];
  if (uid === 0 && user !== undefined && user !== 'root') {
    return new KeychainFailure('bus_missing', {
      about: `this runs as root, and the keychain belongs to ${user}`,
      remedy: `run it as ${user}, without sudo`,
    });
  }
  const sockets = runtimeFolders({ env, uid }).map((folder) => `${folder}/bus`);
  return new KeychainFailure('bus_missing', {
    about: `DBUS_SESSION_BUS_ADDRESS is not set, and no session bus of this user is at ${sockets.join(' or ')}`,
  });
}

export interface SessionBus {
  /** As in `DBUS_SESSION_BUS_ADDRESS`. */
  readonly address: string;
  /** The Unix socket of the address, an abstract one with a leading zero byte; null for other transports. */
  readonly socket: string | null;
}

type BusEnv = Pick<Host, 'env' | 'uid'>;

/**
 * Finds the user's session bus: in `DBUS_SESSION_BUS_ADDRESS`, else at `bus` in the runtime folder of the user, because
 * cron, timers and `env -i` do not set the variable (sd_bus_open_user(3) does the same). Another user's socket does not count.
 */
export function findSessionBus({ env, uid }: BusEnv): SessionBus | null {
  const given = env['DBUS_SESSION_BUS_ADDRESS'];
  if (given !== undefined && given !== '') return { address: given, socket: socketOf(given) };
  const found = runtimeFolders({ env, uid })
    .map((folder) => posix.join(folder, 'bus'))
    .find((path) => isOwnSocket(path, uid));
  return found === undefined ? null : { address: `unix:path=${escaped(found)}`, socket: found };
}

/** The folders that may hold a session bus, the likelier first. */
export function runtimeFolders({ env, uid }: BusEnv): string[] {
  const given = env['XDG_RUNTIME_DIR'];
  const usual = uid === undefined ? [] : [`/run/user/${uid}`];
  return given?.startsWith('/') && !usual.includes(given) ? [given, ...usual] : usual;
}

/**
 * The first Unix socket of a list of addresses ("Server Addresses" in the D-Bus specification):
 * `unix:path=/run/user/1/bus,guid=…`. Node recognises an abstract name by a leading zero byte.
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

function escaped(path: string): string {
  return path.replace(/[^-0-9A-Za-z_/.\\*]/gu, (character) =>
    Buffer.from(character, 'utf8').toString('hex').replace(/../g, '%$&'),
  );
}

function isOwnSocket(path: string, uid: number | undefined): boolean {
  const stats = orElse(() => lstatSync(path), null);
  return stats?.isSocket() === true && stats.uid === uid;
}
