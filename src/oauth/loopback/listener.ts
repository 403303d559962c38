import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeOf, VaultError } from '../../domain/errors.js';
import type { LoginOutcome } from './page.js';
import { Wait, type WaitOptions } from './wait.js';

export interface LoopbackOptions extends WaitOptions {
  readonly host: '127.0.0.1' | 'localhost';
  /** 0: the system chooses. */
  readonly port: number;
  /** With a leading slash, or empty for a redirect URI without a path. */
  readonly path: string;
  readonly state: string;
  /** Ends the wait; `response` then rejects with its reason. */
  readonly signal: AbortSignal;
}

export interface LoopbackListener {
  readonly redirectUri: string;
  readonly port: number;
  /** The URL of the callback with the right state. Needs no rejection handler. */
  readonly response: Promise<URL>;
  /**
   * The URL to open in a browser of this machine instead of `target`, which all users can see in the browser's arguments.
   * Its first visitor gets a cookie and is redirected to `target`; the callback counts only with the cookie, and another
   * visit without it ends the wait: `response` rejects with a VaultError `login_opened_twice`. Call it once.
   */
  begin(target: string): string;
  /**
   * No browser could be opened: the callback counts from any.
   *
   * @returns false when the start page was visited, so that the cookie still counts
   */
  withdraw(): boolean;
  /** How the login ended, which the page shows: without this call it says that the login failed. */
  conclude(outcome: LoginOutcome): void;
  /** Stops listening, after a moment for a browser on its way to the page without the code. */
  close(): Promise<void>;
}

/**
 * Waits on loopback for the authorization response (RFC 8252 §7.3, §8.3). It listens when the promise resolves, so the
 * browser can be opened then. Any other request is answered and leaves the login waiting; after ten wrong states further
 * ones get 429. The browser that brought the callback is redirected to a page without the code in its URL; the callback
 * counts once.
 *
 * @throws VaultError `port_unavailable`; the signal's reason when it is aborted already
 */
export async function listen(options: LoopbackOptions): Promise<LoopbackListener> {
  options.signal.throwIfAborted();
  const wait = new Wait(options);
  const { servers, port } = await bind(options.host, options.port, () => wait.createServer());
  const redirectUri = `http://${options.host}:${port}${options.path}`;
  const path = options.path === '' ? '/' : options.path;
  // As a browser spells it: without a default port.
  const { host } = new URL(redirectUri);
  const pagePath = path === '/done' ? '/finished' : '/done';
  wait.expect({ host, path, pagePath, state: options.state, start: null });

  let closing: Promise<void> | null = null;
  const close = async () => {
    wait.conclude('failed');
    await wait.pageOrGrace();
    wait.end(new VaultError('interrupted', 'the login was closed before an answer came'));
    await Promise.all(servers.map(shut));
    wait.sumUp();
  };
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  const abort = () => {
    wait.end(options.signal.reason);
    void closeOnce();
  };
  options.signal.addEventListener('abort', abort, { once: true });
  if (options.signal.aborted) abort();
  return {
    redirectUri,
    port,
    response: wait.response,
    begin: (target) => `http://${host}${wait.begin(target)}`,
    withdraw: () => wait.withdraw(),
    conclude: (outcome) => wait.conclude(outcome),
    close: () => {
      options.signal.removeEventListener('abort', abort);
      return closeOnce();
    },
  };
}

/** Browsers keep idle connections open, for which a server would wait. */
function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Errors of an address family that this machine does not have. */
const NO_SUCH_FAMILY: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];
/** For a port that is free in one family and taken in the other. */
const ATTEMPTS = 10;

/**
 * Binds one port on 127.0.0.1, and for `localhost` on ::1 as well, because a browser may try either (RFC 8252 §7.3). A
 * missing address family is skipped. Only loopback is ever bound (§8.3).
 *
 * @param port 0: the system chooses
 * @param createServer makes another server with the same handlers
 * @throws VaultError `port_unavailable`
 */
async function bind(
  host: '127.0.0.1' | 'localhost',
  port: number,
  createServer: () => Server,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const servers: Server[] = [];
    try {
      let bound = port;
      for (const address of host === 'localhost' ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
        const server = createServer();
        if (!(await isListening(server, address, bound, host === 'localhost'))) continue;
        servers.push(server);
        bound = (server.address() as AddressInfo).port;
      }
      if (servers.length > 0) return { servers, port: bound };
      throw unavailable(port, 'this machine has no loopback address');
    } catch (failure) {
      for (const server of servers) server.close();
      const taken = codeOf(failure) === 'EADDRINUSE';
      if (taken && port === 0 && attempt < ATTEMPTS) continue;
      if (failure instanceof VaultError) throw failure;
      throw unavailable(port, taken ? 'another program listens on it' : 'the system does not allow it');
    }
  }
}

/** @returns false when the address family is missing and may be */
function isListening(server: Server, address: string, port: number, mayBeMissing: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.on('error', (failure) => {
      if (mayBeMissing && NO_SUCH_FAMILY.includes(codeOf(failure))) resolve(false);
      else reject(failure);
    });
    // Exclusive, or a worker of a cluster would share the port.
    server.listen({ host: address, port, exclusive: true }, () => resolve(true));
  });
}

function unavailable(port: number, why: string): VaultError {
  const what = port === 0 ? 'no loopback port can be listened on' : `port ${port} cannot be listened on`;
  const hint =
    port === 0
      ? 'run the login with --paste, which needs no port'
      : 'free the port, or choose another one with --port, which must be registered with the provider as well';
  return new VaultError('port_unavailable', `${what}, because ${why}`, { hint });
}
