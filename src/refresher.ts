import { createInterface, type Interface } from 'node:readline';
import { createApp } from './app.js';
import { VaultError } from './domain/errors.js';
import { startedAs } from './domain/hints.js';
import { handedKey, type RefresherSetup } from './services/refresh/refresher-protocol.js';
import type { Host } from './system/contract.js';

/**
 * The whole life of a refresher process: its setup and its orders come over stdin, its reports go to stdout. When the
 * asker is gone it waits for nothing any more, and finishes what was sent.
 */
export async function runAsRefresher(host: Host): Promise<void> {
  const lines = createInterface({ input: host.stdin });
  try {
    await carryOutOrders(host, lines);
  } finally {
    // While it listens a process that has failed stays alive, and its asker waits for it.
    lines.close();
  }
}

async function carryOutOrders(host: Host, lines: Interface): Promise<void> {
  const orders = lines[Symbol.asyncIterator]();
  const first = await orders.next();
  if (first.done === true) return;
  const setup = JSON.parse(first.value) as RefresherSetup;
  startedAs({ profile: setup.profile });
  const handed = handedKey(setup);
  const askerGone = new AbortController();
  lines.on('close', () =>
    askerGone.abort(new VaultError('terminated', 'nobody waits for this refresh any more')),
  );
  // Nobody may be there to read a report.
  host.stdout.on('error', () => undefined);
  const app = createApp(
    {
      env: { ...host.env, ...setup.settings },
      platform: host.platform,
      versions: host.versions,
      uid: host.uid,
      pid: host.pid,
      stdin: host.stdin,
      stdout: host.stdout,
      stderr: host.stderr,
      self: null,
      takeSignals: null,
      interruption: AbortSignal.any([host.interruption, askerGone.signal]),
    },
    { profile: setup.profile, envFile: setup.envFile, notice: () => undefined, handed },
  );
  handed?.key.fill(0);
  try {
    const rest = { [Symbol.asyncIterator]: () => orders };
    await app.serveRefreshes(setup.concurrency, rest, (line) => void host.stdout.write(line));
  } finally {
    await app.close();
  }
}
