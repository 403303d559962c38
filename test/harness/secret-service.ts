import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TempHome } from './temp-home.js';

/** A session bus with an unlocked keyring on it, in the given home. */
export interface SecretService {
  /** What a command needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

const SCRIPT = `
printf '%s' keyring-password-example | gnome-keyring-daemon --unlock --components=secrets >/dev/null
printf '%s\\n' "$DBUS_SESSION_BUS_ADDRESS"
exec cat >/dev/null
`;

/** Starts the real Secret Service of Debian: a bus of its own and gnome-keyring, both gone when stdin closes. */
export async function startSecretService(home: TempHome): Promise<SecretService> {
  const runtime = join(home.root, 'runtime');
  mkdirSync(runtime, { mode: 0o700 });
  const base = { ...home.env, XDG_RUNTIME_DIR: runtime };
  const session = spawn('dbus-run-session', ['--', 'sh', '-c', SCRIPT], {
    env: base,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const closed = once(session, 'close');
  const [address] = (await once(createInterface(session.stdout), 'line')) as [string];
  return {
    env: { XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: address },
    async stop() {
      session.stdin.end();
      await closed;
    },
  };
}
