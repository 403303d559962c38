import { createInterface, type Interface } from 'node:readline';
import { loadRefreshParts } from './access/refresh-parts.js';
import { handedKey, type RefresherSetup } from './access/refresher-protocol.js';
import { createContext } from './context.js';
import { VaultError } from './domain/errors.js';
import { startedAs } from './domain/invocation.js';
import { gathered } from './domain/waiting.js';
import { serveRefreshes } from './services/refresh/refresher-server.js';
import type { Host } from './system/contract.js';

/**
 * A refresher process: its setup and its orders come over stdin, its reports go to stdout. When the command is gone it stops
 * waiting, and only finishes what was sent.
 */
export async function runAsRefresher(host: Host): Promise<void> {
  const lines = createInterface({ input: host.stdin });
  try {
    await carryOutOrders(host, lines);
  } finally {
    // An open stdin would keep a failed process alive, and the command waiting for it.
    lines.close();
  }
}

async function carryOutOrders(host: Host, lines: Interface): Promise<void> {
  const orders = lines[Symbol.asyncIterator]();
  const [first] = await Promise.all([orders.next(), loadRefreshParts()]);
  if (first.done === true) return;
  const setup = JSON.parse(first.value) as RefresherSetup;
  startedAs({ profile: setup.profile });
  const handed = handedKey(setup);
  const callerGone = new AbortController();
  lines.on('close', () =>
    callerGone.abort(new VaultError('terminated', 'the command that asked for this refresh has ended')),
  );
  // The command may be gone.
  host.stdout.on('error', () => undefined);
  const ctx = createContext(
    {
      env: { ...host.env, ...setup.settings },
      platform: host.platform,
      versions: host.versions,
      uid: host.uid,
      pid: host.pid,
      parentPid: host.parentPid,
      stdin: host.stdin,
      stdout: host.stdout,
      stderr: host.stderr,
      self: null,
      ownNode: host.ownNode,
      takeSignals: null,
      interruption: AbortSignal.any([host.interruption, callerGone.signal]),
    },
    {
      profile: setup.profile,
      envFile: setup.envFile,
      notice: () => undefined,
      handed,
      spillSlots: setup.concurrency,
    },
  );
  handed?.key.fill(0);
  try {
    const further = { [Symbol.asyncIterator]: () => orders };
    await serveRefreshes(
      ctx,
      setup,
      further,
      gathered((lines) => void host.stdout.write(lines)),
    );
  } finally {
    await ctx.close();
  }
}
