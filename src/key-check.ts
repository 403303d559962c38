import { createInterface } from 'node:readline';
import { createApp } from './app.js';
import type { KeyCheckRequest } from './services/keys/key-check.js';
import type { Host } from './system/contract.js';

/**
 * The whole life of a process that reads a new master key back for the one that has made it: the request comes over stdin,
 * a proof that the key was had goes to stdout. The key itself is neither given nor told.
 */
export async function runAsKeyCheck(host: Host): Promise<void> {
  const lines = createInterface({ input: host.stdin });
  const first = await lines[Symbol.asyncIterator]().next();
  lines.close();
  if (first.done === true) return;
  const request = JSON.parse(first.value) as KeyCheckRequest;
  const app = createApp(host, { profile: request.profile, envFile: null, notice: () => undefined });
  try {
    host.stdout.on('error', () => undefined);
    host.stdout.write(await app.checkKey(request));
  } finally {
    await app.close();
  }
}
