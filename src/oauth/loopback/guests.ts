import type { Socket } from 'node:net';
import type { TcpEnd } from '../../system/contract.js';

/**
 * Whether another user of this machine, who is not root, has that end of a connection.
 *
 * @returns `gone` where it was closed, and it is not known whose it was; false where it is not known
 */
export type IsOtherUser = (end: TcpEnd, here: TcpEnd) => Promise<boolean | 'gone'>;

/** Of a flood of 2,000 connections a second each may still take an eighth of one to say what it wants. */
const MAX_GUESTS = 256;
/** With so many there, it is looked up whose they are before they have said anything. */
const CROWD = 32;
/** How often that is done, in milliseconds: the kernel's table is long in a flood, and a browser needs it too. */
const SWEEP = 100;

interface Guest {
  readonly socket: Socket;
  /** Has sent a whole request, so that it leaves by itself once it is answered. */
  heard: boolean;
  isOther: ReturnType<IsOtherUser> | null;
}

/**
 * Who is connected. Newcomers always come in. Who has to leave for them: whoever belongs to another user, as soon as
 * that is known, and else the one that has been there longest without a whole request. A browser sends its request at
 * once, so the youngest, which one might suspect in a flood, is where it is to be found.
 */
export class Guests {
  readonly #guests = new Map<Socket, Guest>();
  readonly #isOtherUser: IsOtherUser;
  readonly #onOther: () => void;
  #sweeping = false;

  /** @param onOther told once of each connection of another user */
  constructor(isOtherUser: IsOtherUser, onOther: () => void) {
    this.#isOtherUser = isOtherUser;
    this.#onOther = onOther;
  }

  admit(socket: Socket): void {
    const guest: Guest = { socket, heard: false, isOther: null };
    this.#guests.set(socket, guest);
    socket.once('close', () => this.#guests.delete(socket));
    if (this.#guests.size > CROWD && !this.#sweeping) void this.#sweep();
    if (this.#guests.size > MAX_GUESTS) this.#longestSilent()?.resetAndDestroy();
  }

  /** Whether the request that has come over this connection is another user's. */
  async isOther(socket: Socket): ReturnType<IsOtherUser> {
    const guest = this.#guests.get(socket);
    if (guest === undefined) return 'gone';
    guest.heard = true;
    return this.#lookUp(guest);
  }

  /** All who are there are looked up in one reading. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    const silent = [...this.#guests.values()].filter(({ heard }) => !heard);
    await Promise.all(silent.map((guest) => this.#turnAwayOther(guest)));
    setTimeout(() => {
      this.#sweeping = false;
      if (this.#guests.size > CROWD) void this.#sweep();
    }, SWEEP).unref();
  }

  async #turnAwayOther(guest: Guest): Promise<void> {
    // Reset, because a connection that is ended in good order stays in the kernel's tables for a minute.
    if ((await this.#lookUp(guest)) && !guest.heard) guest.socket.resetAndDestroy();
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
    for (const { socket, heard } of this.#guests.values()) if (!heard) return socket;
    return null;
  }
}
