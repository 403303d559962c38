import type { Socket } from 'node:net';
import type { IsOtherUser } from '../../system/contract.js';

/** In a flood of 2,000 connections a second each still has an eighth of a second to send its request. */
const MAX_GUESTS = 256;
/** Above this number, the users of silent connections are looked up. */
const CROWD = 32;
/** Milliseconds between look-ups: the kernel's table is long in a flood, and a browser's request needs it too. */
const SWEEP = 100;

interface Guest {
  readonly socket: Socket;
  /** Has sent a whole request, and closes once it is answered. */
  requested: boolean;
  isOther: ReturnType<IsOtherUser> | null;
}

/**
 * The open connections. New ones are always accepted; in exchange those of other users are closed as soon as they are
 * recognised, else the one that has been open longest without a whole request. A browser sends its request at once, so
 * its connection is among the youngest.
 */
export class Guests {
  readonly #guests = new Map<Socket, Guest>();
  readonly #isOtherUser: IsOtherUser;
  readonly #onOther: () => void;
  #sweeping = false;

  /** @param onOther called once for each connection of another user */
  constructor(isOtherUser: IsOtherUser, onOther: () => void) {
    this.#isOtherUser = isOtherUser;
    this.#onOther = onOther;
  }

  admit(socket: Socket): void {
    const guest: Guest = { socket, requested: false, isOther: null };
    this.#guests.set(socket, guest);
    socket.once('close', () => this.#guests.delete(socket));
    if (this.#guests.size > CROWD && !this.#sweeping) void this.#sweep();
    if (this.#guests.size > MAX_GUESTS) this.#longestSilent()?.resetAndDestroy();
  }

  /** Whether the request on this connection is another user's. */
  async isOther(socket: Socket): ReturnType<IsOtherUser> {
    const guest = this.#guests.get(socket);
    if (guest === undefined) return 'gone';
    guest.requested = true;
    return this.#lookUp(guest);
  }

  /** Looks up all connections in one reading of the table. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    const silent = [...this.#guests.values()].filter(({ requested }) => !requested);
    await Promise.all(silent.map((guest) => this.#turnAwayOther(guest)));
    setTimeout(() => {
      this.#sweeping = false;
      if (this.#guests.size > CROWD) void this.#sweep();
    }, SWEEP).unref();
  }

  async #turnAwayOther(guest: Guest): Promise<void> {
    // Reset, because a connection that is closed properly stays in the kernel's table for a minute.
    if ((await this.#lookUp(guest)) && !guest.requested) guest.socket.resetAndDestroy();
  }

  #lookUp(guest: Guest): ReturnType<IsOtherUser> {
    guest.isOther ??= this.#ask(guest.socket);
    return guest.isOther;
  }

  async #ask({ remoteAddress, remotePort, localAddress, localPort }: Socket): ReturnType<IsOtherUser> {
    if (!remoteAddress || !remotePort || !localAddress || !localPort) return 'gone';
    const end = { address: remoteAddress, port: remotePort };
    const isOther = await this.#isOtherUser(end, { address: localAddress, port: localPort });
    if (isOther === true) this.#onOther();
    return isOther;
  }

  #longestSilent(): Socket | null {
    for (const { socket, requested } of this.#guests.values()) if (!requested) return socket;
    return null;
  }
}
