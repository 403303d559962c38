import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startActor } from '../harness/actor.js';
import { needs } from '../harness/parts.js';

describe("the operating system's keychain", () => {
  it('is unavailable where no session bus leads to it, and says so at once', async (context) => {
    if (process.platform !== 'linux') context.skip('needs Linux');
    needs(context, 'the built command line');
    const actor = await startActor({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' });
    try {
      await expect(actor.ask('keychain', { patience: 60_000 })).rejects.toMatchObject({
        thrown: 'KeychainFailure',
        code: 'unavailable',
      });
    } finally {
      await actor.kill();
    }
  });

  it('that takes the question and never answers is given up on', async (context) => {
    if (process.platform !== 'linux') context.skip('needs Linux');
    needs(context, 'the built command line');
    const folder = mkdtempSync(join(tmpdir(), 'vault-bus-'));
    const bus = createServer(() => {}).listen(join(folder, 'bus'));
    await once(bus, 'listening');
    const actor = await startActor({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` });
    try {
      await expect(actor.ask('keychain', { patience: 200 })).rejects.toMatchObject({
        thrown: 'KeychainFailure',
        code: 'timed_out',
      });
    } finally {
      await actor.kill();
      bus.close();
      rmSync(folder, { recursive: true });
    }
  });
});
