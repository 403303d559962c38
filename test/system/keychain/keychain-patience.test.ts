import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClockDouble, clockDouble } from '../../doubles/clock.js';
import { keychainStage } from '../../doubles/keychain-host.js';

const PATIENCE = { alone: 5_000, withPerson: 30_000 };
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
async function readInVain(person: boolean) {
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` };
  const noticedAt: number[] = [];
  const { keychain } = keychainStage({
    env,
    person,
    patience: PATIENCE,
    clock,
    onNotice: () => noticedAt.push(clock.now()),
  });
  await expect(keychain.read('token-vault', 'example')).rejects.toMatchObject({
    kind: 'timed_out',
    about: expect.stringContaining(`${person ? 30 : 5} seconds`),
  });
  return { after: clock.now() - LAST_WORD, noticedAt };
}

describe('a keychain that says nothing', () => {
  it('is waited for as long as there is patience where nobody is there', async () => {
    expect(await readInVain(false)).toEqual({ after: PATIENCE.alone, noticedAt: [] });
  });

  it('is waited for longer where a person is, who is told when it takes long', async () => {
    expect(await readInVain(true)).toEqual({ after: PATIENCE.withPerson, noticedAt: [PATIENCE.alone] });
  });
});
