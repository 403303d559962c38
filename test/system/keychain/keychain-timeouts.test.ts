import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClockDouble, clockDouble } from '../../doubles/clock.js';
import { keychainStage } from '../../doubles/keychain-host.js';

const TIMEOUTS = { alone: 5_000, interactive: 30_000 };
/** How long the bus has for a last word, when it is asked who does not answer. */
const LAST_WORD = 250;

let folder: string;
let bus: Server;
let clock: ClockDouble;
const sockets: Socket[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vault-silent-bus-'));
  clock = clockDouble(0);
  // It takes whoever comes, and says nothing.
  bus = createServer((socket) => void sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => bus.listen(join(folder, 'bus'), resolve));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  bus.close();
  rmSync(folder, { recursive: true });
});

/** Reads through a bus that says nothing. @returns when it was given up, and when a notice came; in milliseconds */
async function readInVain(interactive: boolean) {
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` };
  const noticedAt: number[] = [];
  const { keychain } = keychainStage({
    env,
    interactive,
    timeouts: TIMEOUTS,
    clock,
    onNotice: () => noticedAt.push(clock.now()),
  });
  await expect(keychain.read('token-vault', 'example')).rejects.toMatchObject({
    kind: 'timed_out',
    about: expect.stringContaining(`${interactive ? 30 : 5} seconds`),
  });
  return { after: clock.now() - LAST_WORD, noticedAt };
}

describe('a keychain that does not answer', () => {
  it('times out early without a user', async () => {
    expect(await readInVain(false)).toEqual({ after: TIMEOUTS.alone, noticedAt: [] });
  });

  it('times out later with a user, who is notified', async () => {
    expect(await readInVain(true)).toEqual({ after: TIMEOUTS.interactive, noticedAt: [TIMEOUTS.alone] });
  });
});
