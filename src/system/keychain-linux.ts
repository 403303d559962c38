import { SECOND } from '../domain/duration.js';
import type { Keychain } from './contract.js';
import { type Bus, connectBus } from './dbus.js';
import type { KeychainParts } from './keychain.js';
import { KeychainTrouble } from './keychain-failure.js';
import type { HelperRequest } from './keychain-helper.js';
import { defaultKeyring, lookUp, unlock } from './secret-service.js';
import { hungService, troubleFrom } from './secret-service-trouble.js';
import { findSessionBus, runtimeFolders, type SessionBus } from './session-bus.js';

/** One connection to the bus, for one question. */
interface Visit {
  readonly bus: Bus;
  /** The socket, as it may be shown. */
  readonly where: string;
  /** A person has the password prompt before them. */
  asking: boolean;
}

/** How long the bus itself may take to tell which process it is that does not answer. */
const LAST_WORD = SECOND / 4;

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
    const visit = { bus, where: path.replace('\0', '@'), asking: false };
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
      .then(() => Promise.reject(new KeychainTrouble('timed_out', { about })));
    throw await Promise.race([visit.bus.ready.then(() => hungService(visit.bus, within)), lastWord]);
  }

  /** @returns how long that was, in milliseconds */
  async function sleepThrough(visit: Visit, end: AbortSignal): Promise<number> {
    await clock.sleep(patience.alone, end);
    if (!person()) return patience.alone;
    if (!visit.asking)
      notice('still waiting for the keychain: it may be asking for its password in a window of its own');
    await clock.sleep(patience.withPerson - patience.alone, end);
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

  async function throughHelper(bus: SessionBus, request: HelperRequest) {
    if (host.self === null) throw new Error('the host does not say how to run this program again');
    const { callHelper } = await import('./keychain-helper.js');
    const limit = person() ? patience.withPerson : patience.alone;
    const timedOut = new AbortController();
    const done = new AbortController();
    clock.sleep(limit, done.signal).then(
      () => timedOut.abort(hungHelper(limit)),
      () => undefined,
    );
    try {
      const env = { ...host.env, DBUS_SESSION_BUS_ADDRESS: bus.address };
      const end = AbortSignal.any([timedOut.signal, host.interruption]);
      return await callHelper(host.self, env, request, end);
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
      if (bus.socket !== null) await onBus(bus.socket, readyToStore);
      await throughHelper(bus, { action: 'write', service, account, value });
    },

    async remove(service, account) {
      const bus = sessionBus();
      if (bus.socket !== null) {
        const found = await onBus(bus.socket, (visit) => find(visit, { service, account }));
        if (found.state === 'missing') return false;
      }
      return (await throughHelper(bus, { action: 'remove', service, account, value: null })) === true;
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
