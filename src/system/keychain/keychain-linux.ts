import { SECOND } from '../../domain/duration.js';
import type { Keychain } from '../contract.js';
import { sleepFairly } from '../fair-wait.js';
import { type Bus, connectBus } from './dbus.js';
import type { KeychainParts } from './keychain.js';
import { KeychainTrouble } from './keychain-failure.js';
import type { HelperRequest } from './keychain-helper.js';
import { defaultKeyring, lookUp, processesBehind, unlock } from './secret-service.js';
import { hungService, troubleFrom } from './secret-service-trouble.js';
import { findSessionBus, runtimeFolders, type SessionBus } from './session-bus.js';

/** One connection to the bus, for one question. */
interface Visit {
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
  async function onBus<T>(path: string, work: (visit: Visit) => Promise<T>): Promise<T> {
    const bus = connectBus(path, host.uid ?? 0);
    const visit = { bus, where: path.replace('\0', '@'), asking: false, processes: [] };
    const done = new AbortController();
    try {
      const end = AbortSignal.any([done.signal, host.interruption]);
      return await Promise.race([work(visit), outOfPatience(visit, end)]);
    } catch (failure) {
      host.interruption.throwIfAborted();
      throw troubleFrom(failure, visit.where);
    } finally {
      done.abort();
      bus.close();
    }
  }

  async function outOfPatience(visit: Visit, end: AbortSignal): Promise<never> {
    const waited = await sleepThrough(visit, end);
    const within = `within ${waited / SECOND} seconds`;
    if (visit.asking)
      throw new KeychainTrouble('locked', { about: `nobody answered its password prompt ${within}` });
    const about = `the session bus at ${visit.where} did not answer ${within}`;
    const lastWord = clock
      .sleep(LAST_WORD, end)
      .then(() => Promise.reject(new KeychainTrouble('timed_out', { about, remedy: NEW_SESSION })));
    throw await Promise.race([visit.bus.ready.then(() => hungService(visit.bus, within)), lastWord]);
  }

  /** @returns how long that was, in milliseconds */
  async function sleepThrough(visit: Visit, end: AbortSignal): Promise<number> {
    const processes = () => visit.processes;
    await sleepFairly(clock, FIRST_DOUBT, processes, end);
    void processesBehind(visit.bus).then((known) => {
      visit.processes = known;
    });
    await sleepFairly(clock, patience.alone - FIRST_DOUBT, processes, end);
    if (!person()) return patience.alone;
    if (!visit.asking)
      notice('still waiting for the keychain: it may be asking for its password in a window of its own');
    await sleepFairly(clock, patience.withPerson - patience.alone, processes, end);
    return patience.withPerson;
  }

  /** @returns after it has been unlocked by a person */
  async function unlocked(visit: Visit, paths: readonly string[]): Promise<void> {
    if (!person()) throw new KeychainTrouble('locked');
    notice('the keychain is locked: it asks for its password in a window of its own');
    visit.asking = true;
    const done = await unlock(visit.bus, paths);
    visit.asking = false;
    if (done) return;
    throw new KeychainTrouble('denied', {
      about: 'its password prompt was dismissed, or there is no desktop to show it on',
    });
  }

  async function find(visit: Visit, attributes: { readonly service: string; readonly account: string }) {
    const found = await lookUp(visit.bus, attributes);
    if (found.state !== 'locked') return found;
    await unlocked(visit, found.paths);
    const again = await lookUp(visit.bus, attributes);
    if (again.state === 'locked') throw new KeychainTrouble('locked');
    return again;
  }

  /** A prompt for a new keyring's password is the one that libsecret still shows. */
  async function readyToStore(visit: Visit): Promise<void> {
    const keyring = await defaultKeyring(visit.bus);
    if (keyring.state === 'locked') await unlocked(visit, keyring.paths);
    if (keyring.state !== 'none' || person()) return;
    throw new KeychainTrouble('unavailable', {
      about: 'the Secret Service has no keyring yet, and a person has to choose the password of a new one',
    });
  }

  /** @param others the processes it will have to wait for, as far as they are known */
  async function throughHelper(bus: SessionBus, request: HelperRequest, others: readonly number[] = []) {
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const { callHelper } = await import('./keychain-helper.js');
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
      if (!(failure instanceof KeychainTrouble) || failure.about !== null) throw failure;
      const { kind, remedy, cause } = failure;
      throw new KeychainTrouble(kind, { about: `the session bus is at ${bus.address}`, remedy, cause });
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
      const found = await onBus(bus.socket, (visit) => find(visit, { service, account }));
      return found.state === 'found' ? found.value : null;
    },

    async write(service, account, value) {
      const bus = sessionBus();
      const request = { action: 'write', service, account, value } as const;
      if (bus.socket === null) return void (await throughHelper(bus, request));
      const processes = await onBus(bus.socket, async (visit) => {
        await readyToStore(visit);
        return processesBehind(visit.bus);
      });
      await throughHelper(bus, request, processes);
    },

    async remove(service, account) {
      const bus = sessionBus();
      const request = { action: 'remove', service, account, value: null } as const;
      if (bus.socket === null) return (await throughHelper(bus, request)) === true;
      const processes = await onBus(bus.socket, async (visit) => {
        const found = await find(visit, { service, account });
        return found.state === 'missing' ? null : processesBehind(visit.bus);
      });
      return processes !== null && (await throughHelper(bus, request, processes)) === true;
    },
  };
}

function noSessionBus({ env, uid }: KeychainParts['host']): KeychainTrouble {
  const person = env['SUDO_USER'];
  if (uid === 0 && person !== undefined && person !== 'root') {
    return new KeychainTrouble('bus_missing', {
      about: `this runs as root, and the keychain belongs to ${person}`,
      remedy: `run it as ${person}, without sudo`,
    });
  }
  const sockets = runtimeFolders({ env, uid }).map((folder) => `${folder}/bus`);
  return new KeychainTrouble('bus_missing', {
    about: `DBUS_SESSION_BUS_ADDRESS is not set, and no session bus of this user is at ${sockets.join(' or ')}`,
  });
}

function hungHelper(waited: number): KeychainTrouble {
  return new KeychainTrouble('timed_out', {
    about: `the Secret Service (org.freedesktop.secrets) was not done within ${waited / SECOND} seconds`,
  });
}
